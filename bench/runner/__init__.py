# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark runner behind bench/run: see bench/README.md."""
