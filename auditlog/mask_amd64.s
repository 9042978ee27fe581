#include "textflag.h"

// func maskAVX2(line *byte, n int, quotes, special, escaped *byte) maskFlags
//
// Per 64 bytes: two loads, three masks of their bytes, and the escapes of escapedBy in mask.go. The last of them end
// where the line does, so they overlap those before, and what was seen already is shifted out of their masks.
// N is at least 64, and the CPU has AVX2 and BMI2.
TEXT ·maskAVX2(SB), NOSPLIT, $0-48
	MOVQ line+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ quotes+16(FP), DI
	MOVQ special+24(FP), R8
	MOVQ escaped+32(FP), R9
	MOVQ CX, R15
	ANDQ $63, R15 // the rest of less than 64 bytes
	SHRQ $6, CX // blocks
	XORQ R14, R14 // by how much to shift
	MOVQ $0x22, AX // quote
	VMOVQ AX, X8
	VPBROADCASTB X8, Y8
	MOVQ $0x5c, AX // backslash
	VMOVQ AX, X9
	VPBROADCASTB X9, Y9
	MOVQ $0x1f, AX // the last control character
	VMOVQ AX, X10
	VPBROADCASTB X10, Y10
	VPXOR Y11, Y11, Y11 // has the sign of any byte that is a control character
	VPXOR Y12, Y12, Y12 // has the sign of any byte that is not ASCII
	MOVQ $0xaaaaaaaaaaaaaaaa, R10
	XORQ R11, R11 // next

loop:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPCMPEQB Y0, Y8, Y2
	VPCMPEQB Y1, Y8, Y3
	VPCMPEQB Y0, Y9, Y4
	VPCMPEQB Y1, Y9, Y5
	VPMINUB Y0, Y10, Y6
	VPMINUB Y1, Y10, Y7
	VPCMPEQB Y0, Y6, Y6
	VPCMPEQB Y1, Y7, Y7
	VPOR Y6, Y11, Y11
	VPOR Y7, Y11, Y11
	VPOR Y0, Y12, Y12
	VPOR Y1, Y12, Y12

	VPMOVMSKB Y2, AX
	VPMOVMSKB Y3, BX
	SHLQ $32, BX
	ORQ BX, AX
	SHRXQ R14, AX, AX // quotes
	VPMOVMSKB Y4, DX
	VPMOVMSKB Y5, BX
	SHLQ $32, BX
	ORQ BX, DX
	SHRXQ R14, DX, DX // backslashes
	VPOR Y0, Y2, Y2
	VPOR Y1, Y3, Y3
	VPOR Y2, Y4, Y4
	VPOR Y3, Y5, Y5
	VPMOVMSKB Y4, R12
	VPMOVMSKB Y5, BX
	SHLQ $32, BX
	ORQ BX, R12
	SHRXQ R14, R12, R12
	MOVQ R12, (R8)

	// escapes = back &^ next; code = ((escapes<<1 | odd) - escapes) ^ odd
	MOVQ R11, R12
	NOTQ R12
	ANDQ DX, R12
	LEAQ (R12)(R12*1), R13
	ORQ R10, R13
	SUBQ R12, R13
	XORQ R10, R13
	// escaped = code ^ (back | next); next = (code & back) >> 63
	ORQ DX, R11
	XORQ R13, R11
	MOVQ R11, (R9)
	NOTQ R11
	ANDQ R11, AX
	MOVQ AX, (DI)
	// Only a backslash at the end of a block says something of the next one. That is rare, so the blocks need not wait
	// for each other.
	XORL R11, R11
	TESTQ DX, DX
	JPL more
	ANDQ DX, R13
	SHRQ $63, R13
	MOVQ R13, R11

more:
	ADDQ $64, SI
	ADDQ $8, DI
	ADDQ $8, R8
	ADDQ $8, R9
	DECQ CX
	JNZ loop

	TESTQ R15, R15
	JZ done
	LEAQ -64(SI)(R15*1), SI
	MOVQ $64, R14
	SUBQ R15, R14
	XORQ R15, R15
	MOVQ $1, CX
	JMP loop

done:
	XORQ AX, AX
	VPMOVMSKB Y11, BX
	TESTL BX, BX
	SETNE AX
	VPMOVMSKB Y12, BX
	XORQ DX, DX
	TESTL BX, BX
	SETNE DX
	SHLQ $1, DX
	ORQ DX, AX
	VZEROUPPER
	MOVQ AX, ret+40(FP)
	RET
