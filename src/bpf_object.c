// SPDX-License-Identifier: GPL-2.0-only
/* The compiled BPF side, as bytes of this program: one file to install, nothing to look for. */
#ifndef CCX_BPF_OBJECT
#error "CCX_BPF_OBJECT: path of the compiled BPF object"
#endif

__asm__(".pushsection .rodata\n"
	".balign 16\n"
	".global ccx_bpf_object\n"
	"ccx_bpf_object:\n"
	".incbin \"" CCX_BPF_OBJECT "\"\n"
	".global ccx_bpf_object_end\n"
	"ccx_bpf_object_end:\n"
	".popsection\n");
