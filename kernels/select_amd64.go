package kernels

import (
	"golang.org/x/sys/cpu"

	"edgerun/kernels/amd64"
)

func machineSets() []*Set {
	c := &cpu.X86
	if !(c.HasAVX512F && c.HasAVX512BW && c.HasAVX512VL && c.HasAVX512DQ && c.HasAVX512VNNI && c.HasAVX512VBMI && c.HasBMI2) {
		return nil
	}
	vnni := Generic()
	vnni.Name, vnni.Feature = "vnni", "AVX512F, BW, VL, DQ, VNNI, VBMI: Ice Lake, Zen 4 and later"
	vnni.GemmS8, vnni.GemmF32 = amd64.GemmS8VNNI, amd64.GemmF32AVX512
	return []*Set{vnni}
}
