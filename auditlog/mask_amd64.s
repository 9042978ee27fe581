#include "textflag.h"

// Both functions make, of each 64 bytes, masks that say which they are, and the escapes of escapedBy in mask.go.
// The last 64 bytes end where the line does, so they overlap those before; what was seen already is shifted out of their
// masks. N is at least 64.

// ESCAPES takes backslashes in DX, quotes in AX, control characters in BX. It stores odd at R9 and the unescaped quotes at
// DI.
// R10 has the odd bits, R11 whether the first byte is escaped: for the next block too.
//
// escapes = back &^ next; code = ((escapes<<1 | odd) - escapes) ^ odd; escaped = code ^ (back | next); next = (code & back) >> 63.
//
// Only a backslash at the end of a block says something of the next one. That is rare, so that the blocks need not wait
// for each other.
#define ESCAPES(more) \
	MOVQ R11, R12 \
	NOTQ R12 \
	ANDQ DX, R12 \
	LEAQ (R12)(R12*1), R13 \
	ORQ R10, R13 \
	SUBQ R12, R13 \
	XORQ R10, R13 \
	ORQ DX, R11 \
	XORQ R13, R11 \
	ORQ R11, BX \
	MOVQ BX, (R9) \
	NOTQ R11 \
	ANDQ R11, AX \
	MOVQ AX, (DI) \
	XORL R11, R11 \
	TESTQ DX, DX \
	JPL more \
	ANDQ DX, R13 \
	SHRQ $63, R13 \
	MOVQ R13, R11

// START loads the arguments and constants, NEXT goes to the next block, or to the last one, or on.
#define START \
	MOVQ line+0(FP), SI \
	MOVQ n+8(FP), CX \
	MOVQ quotes+16(FP), DI \
	MOVQ special+24(FP), R8 \
	MOVQ odd+32(FP), R9 \
	MOVQ CX, R15 \
	ANDQ $63, R15 \
	SHRQ $6, CX \
	XORQ R14, R14 \
	MOVQ $0xaaaaaaaaaaaaaaaa, R10 \
	XORL R11, R11

#define NEXT(loop, done) \
	ADDQ $64, SI \
	ADDQ $8, DI \
	ADDQ $8, R8 \
	ADDQ $8, R9 \
	DECQ CX \
	JNZ loop \
	TESTQ R15, R15 \
	JZ done \
	LEAQ -64(SI)(R15*1), SI \
	MOVQ $64, R14 \
	SUBQ R15, R14 \
	XORL R15, R15 \
	MOVQ $1, CX \
	JMP loop

// MASK gathers the signs of 64 bytes in two registers, without what was seen already.
#define MASK(lo, hi, to) \
	VPMOVMSKB lo, to \
	VPMOVMSKB hi, R12 \
	SHLQ $32, R12 \
	ORQ R12, to \
	SHRXQ R14, to, to

// func maskAVX2(line *byte, n int, quotes, special, odd *byte)
TEXT ·maskAVX2(SB), NOSPLIT, $0-40
	START
	MOVQ $0x22, AX
	VMOVQ AX, X8
	VPBROADCASTB X8, Y8 // quotes
	MOVQ $0x5c, AX
	VMOVQ AX, X9
	VPBROADCASTB X9, Y9 // backslashes
	MOVQ $0x1f, AX
	VMOVQ AX, X10
	VPBROADCASTB X10, Y10 // the last control character

loop2:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPMINUB Y0, Y10, Y6
	VPMINUB Y1, Y10, Y7
	VPCMPEQB Y0, Y6, Y6
	VPCMPEQB Y1, Y7, Y7
	MASK(Y6, Y7, BX)
	VPCMPEQB Y0, Y8, Y2
	VPCMPEQB Y1, Y8, Y3
	VPCMPEQB Y0, Y9, Y4
	VPCMPEQB Y1, Y9, Y5
	VPOR Y0, Y2, Y6
	VPOR Y1, Y3, Y7
	VPOR Y4, Y6, Y6
	VPOR Y5, Y7, Y7
	MASK(Y6, Y7, AX)
	MOVQ AX, (R8)
	MASK(Y2, Y3, AX)
	MASK(Y4, Y5, DX)
	ESCAPES(more2)

more2:
	NEXT(loop2, done2)

done2:
	VZEROUPPER
	RET

// func maskAVX512(line *byte, n int, quotes, special, odd *byte)
TEXT ·maskAVX512(SB), NOSPLIT, $0-40
	START
	MOVQ $0x22, AX
	VPBROADCASTB AX, Z8 // quotes
	MOVQ $0x5c, AX
	VPBROADCASTB AX, Z9 // backslashes
	MOVQ $0x20, AX
	VPBROADCASTB AX, Z10 // spaces

loop5:
	VMOVDQU64 (SI), Z0
	VPCMPUB $1, Z10, Z0, K1 // less than a space
	VPCMPEQB Z0, Z8, K2
	VPCMPEQB Z0, Z9, K3
	VPMOVB2M Z0, K4
	KMOVQ K1, BX
	KMOVQ K2, AX
	KMOVQ K3, DX
	KMOVQ K4, R12
	SHRXQ R14, BX, BX
	SHRXQ R14, AX, AX
	SHRXQ R14, DX, DX
	SHRXQ R14, R12, R12
	ORQ AX, R12
	ORQ DX, R12
	MOVQ R12, (R8)
	ESCAPES(more5)

more5:
	NEXT(loop5, done5)

done5:
	VZEROUPPER
	RET
