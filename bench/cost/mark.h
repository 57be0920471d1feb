/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions that do nothing and that nothing else has: nopl with an offset of ours (x86-64). */
#ifndef CCX_BENCH_MARK_H
#define CCX_BENCH_MARK_H

#define MARK_ON		0x0f, 0x1f, 0x84, 0x00, 0xc1, 0xc2, 0xc3, 0x44
#define MARK_OFF	0x0f, 0x1f, 0x84, 0x00, 0xc1, 0xc2, 0xc3, 0x45

#endif
