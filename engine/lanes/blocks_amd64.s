//go:build !purego

#include "textflag.h"

// SHA-256 of sixteen messages side by side: each of the eight working variables, and each of the sixteen words of the message schedule, is a
// register that has it of all sixteen. FIPS 180-4, 6.2.2; the names of the functions are those of 4.1.2.

// A word of a message has its most significant byte first.
DATA swap<>+0(SB)/8, $0x0405060700010203
DATA swap<>+8(SB)/8, $0x0c0d0e0f08090a0b
DATA swap<>+16(SB)/8, $0x0405060700010203
DATA swap<>+24(SB)/8, $0x0c0d0e0f08090a0b
DATA swap<>+32(SB)/8, $0x0405060700010203
DATA swap<>+40(SB)/8, $0x0c0d0e0f08090a0b
DATA swap<>+48(SB)/8, $0x0405060700010203
DATA swap<>+56(SB)/8, $0x0c0d0e0f08090a0b
GLOBL swap<>(SB), RODATA|NOPTR, $64

// The constants of the rounds: 4.2.2.
DATA k<>+0(SB)/8, $0x71374491428a2f98
DATA k<>+8(SB)/8, $0xe9b5dba5b5c0fbcf
DATA k<>+16(SB)/8, $0x59f111f13956c25b
DATA k<>+24(SB)/8, $0xab1c5ed5923f82a4
DATA k<>+32(SB)/8, $0x12835b01d807aa98
DATA k<>+40(SB)/8, $0x550c7dc3243185be
DATA k<>+48(SB)/8, $0x80deb1fe72be5d74
DATA k<>+56(SB)/8, $0xc19bf1749bdc06a7
DATA k<>+64(SB)/8, $0xefbe4786e49b69c1
DATA k<>+72(SB)/8, $0x240ca1cc0fc19dc6
DATA k<>+80(SB)/8, $0x4a7484aa2de92c6f
DATA k<>+88(SB)/8, $0x76f988da5cb0a9dc
DATA k<>+96(SB)/8, $0xa831c66d983e5152
DATA k<>+104(SB)/8, $0xbf597fc7b00327c8
DATA k<>+112(SB)/8, $0xd5a79147c6e00bf3
DATA k<>+120(SB)/8, $0x1429296706ca6351
DATA k<>+128(SB)/8, $0x2e1b213827b70a85
DATA k<>+136(SB)/8, $0x53380d134d2c6dfc
DATA k<>+144(SB)/8, $0x766a0abb650a7354
DATA k<>+152(SB)/8, $0x92722c8581c2c92e
DATA k<>+160(SB)/8, $0xa81a664ba2bfe8a1
DATA k<>+168(SB)/8, $0xc76c51a3c24b8b70
DATA k<>+176(SB)/8, $0xd6990624d192e819
DATA k<>+184(SB)/8, $0x106aa070f40e3585
DATA k<>+192(SB)/8, $0x1e376c0819a4c116
DATA k<>+200(SB)/8, $0x34b0bcb52748774c
DATA k<>+208(SB)/8, $0x4ed8aa4a391c0cb3
DATA k<>+216(SB)/8, $0x682e6ff35b9cca4f
DATA k<>+224(SB)/8, $0x78a5636f748f82ee
DATA k<>+232(SB)/8, $0x8cc7020884c87814
DATA k<>+240(SB)/8, $0xa4506ceb90befffa
DATA k<>+248(SB)/8, $0xc67178f2bef9a3f7
GLOBL k<>(SB), RODATA|NOPTR, $256

// LOAD takes the block of one message.
#define LOAD(lane, into) \
	MOVQ (lane*8)(SI), AX; \
	VMOVDQU32 (AX)(R8*1), into; \
	VPSHUFB swap<>(SB), into, into

// PAIRS and FOURS bring four rows of sixteen words to where each four words of one place of them are together.
#define PAIRS(a, b, c, d, w, x, y, z) \
	VPUNPCKLDQ b, a, w; \
	VPUNPCKHDQ b, a, x; \
	VPUNPCKLDQ d, c, y; \
	VPUNPCKHDQ d, c, z

#define FOURS(a, b, c, d, w, x, y, z) \
	VPUNPCKLQDQ y, w, a; \
	VPUNPCKHQDQ y, w, b; \
	VPUNPCKLQDQ z, x, c; \
	VPUNPCKHQDQ z, x, d

// EVENS and WORDS bring the fours of four rows each together: those of the words w, w+4, w+8 and w+12.
#define EVENS(a, b, c, d, w, x, y, z) \
	VSHUFI32X4 $0x88, b, a, w; \
	VSHUFI32X4 $0xdd, b, a, x; \
	VSHUFI32X4 $0x88, d, c, y; \
	VSHUFI32X4 $0xdd, d, c, z

#define WORDS(a, b, c, d, w, x, y, z) \
	VSHUFI32X4 $0x88, y, w, a; \
	VSHUFI32X4 $0x88, z, x, b; \
	VSHUFI32X4 $0xdd, y, w, c; \
	VSHUFI32X4 $0xdd, z, x, d

// ROUND is one of the 64: h becomes what a is next, and d what e is next. Ternary logic: 0x96 is exclusive or, 0xca is Ch, 0xe8 is Maj.
#define ROUND(a, b, c, d, e, f, g, h, w, n) \
	VPADDD.BCST (n*4)(R9), w, Z24; \
	VPRORD $6, e, Z25; \
	VPRORD $11, e, Z26; \
	VPRORD $25, e, Z27; \
	VPADDD Z24, h, h; \
	VMOVDQA64 e, Z28; \
	VPTERNLOGD $0x96, Z27, Z26, Z25; \
	VPTERNLOGD $0xca, g, f, Z28; \
	VPADDD Z28, h, h; \
	VPRORD $2, a, Z29; \
	VPRORD $13, a, Z30; \
	VPRORD $22, a, Z31; \
	VPADDD Z25, h, h; \
	VMOVDQA64 a, Z26; \
	VPTERNLOGD $0x96, Z31, Z30, Z29; \
	VPTERNLOGD $0xe8, c, b, Z26; \
	VPADDD h, d, d; \
	VPADDD Z26, Z29, Z29; \
	VPADDD Z29, h, h

// SCHEDULE makes of the word that was used sixteen rounds ago the one that is used now.
#define SCHEDULE(w, w1, w9, w14) \
	VPRORD $7, w1, Z24; \
	VPRORD $18, w1, Z25; \
	VPSRLD $3, w1, Z26; \
	VPRORD $17, w14, Z27; \
	VPRORD $19, w14, Z28; \
	VPSRLD $10, w14, Z29; \
	VPADDD w9, w, w; \
	VPTERNLOGD $0x96, Z26, Z25, Z24; \
	VPTERNLOGD $0x96, Z29, Z28, Z27; \
	VPADDD Z24, w, w; \
	VPADDD Z27, w, w

// func blocks(state *[8][Count]uint32, at *[Count]*byte, n int)
TEXT ·blocks(SB), NOSPLIT, $0-24
	MOVQ state+0(FP), DI
	MOVQ at+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ R8, R8

block:
	LOAD(0, Z8)
	LOAD(1, Z9)
	LOAD(2, Z10)
	LOAD(3, Z11)
	LOAD(4, Z12)
	LOAD(5, Z13)
	LOAD(6, Z14)
	LOAD(7, Z15)
	LOAD(8, Z16)
	LOAD(9, Z17)
	LOAD(10, Z18)
	LOAD(11, Z19)
	LOAD(12, Z20)
	LOAD(13, Z21)
	LOAD(14, Z22)
	LOAD(15, Z23)
	PAIRS(Z8, Z9, Z10, Z11, Z0, Z1, Z2, Z3)
	PAIRS(Z12, Z13, Z14, Z15, Z4, Z5, Z6, Z7)
	PAIRS(Z16, Z17, Z18, Z19, Z24, Z25, Z26, Z27)
	PAIRS(Z20, Z21, Z22, Z23, Z28, Z29, Z30, Z31)
	FOURS(Z8, Z9, Z10, Z11, Z0, Z1, Z2, Z3)
	FOURS(Z12, Z13, Z14, Z15, Z4, Z5, Z6, Z7)
	FOURS(Z16, Z17, Z18, Z19, Z24, Z25, Z26, Z27)
	FOURS(Z20, Z21, Z22, Z23, Z28, Z29, Z30, Z31)
	EVENS(Z8, Z12, Z16, Z20, Z0, Z1, Z2, Z3)
	EVENS(Z9, Z13, Z17, Z21, Z4, Z5, Z6, Z7)
	EVENS(Z10, Z14, Z18, Z22, Z24, Z25, Z26, Z27)
	EVENS(Z11, Z15, Z19, Z23, Z28, Z29, Z30, Z31)
	WORDS(Z8, Z12, Z16, Z20, Z0, Z1, Z2, Z3)
	WORDS(Z9, Z13, Z17, Z21, Z4, Z5, Z6, Z7)
	WORDS(Z10, Z14, Z18, Z22, Z24, Z25, Z26, Z27)
	WORDS(Z11, Z15, Z19, Z23, Z28, Z29, Z30, Z31)

	VMOVDQU32 0(DI), Z0
	VMOVDQU32 64(DI), Z1
	VMOVDQU32 128(DI), Z2
	VMOVDQU32 192(DI), Z3
	VMOVDQU32 256(DI), Z4
	VMOVDQU32 320(DI), Z5
	VMOVDQU32 384(DI), Z6
	VMOVDQU32 448(DI), Z7
	LEAQ k<>(SB), R9
	MOVQ $3, DX

	ROUND(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, 0)
	ROUND(Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z9, 1)
	ROUND(Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z10, 2)
	ROUND(Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z11, 3)
	ROUND(Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z12, 4)
	ROUND(Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z13, 5)
	ROUND(Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z14, 6)
	ROUND(Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z15, 7)
	ROUND(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z16, 8)
	ROUND(Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z17, 9)
	ROUND(Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z18, 10)
	ROUND(Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z19, 11)
	ROUND(Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z20, 12)
	ROUND(Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z21, 13)
	ROUND(Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z22, 14)
	ROUND(Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z23, 15)

sixteen:
	ADDQ $64, R9
	SCHEDULE(Z8, Z9, Z17, Z22)
	ROUND(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, 0)
	SCHEDULE(Z9, Z10, Z18, Z23)
	ROUND(Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z9, 1)
	SCHEDULE(Z10, Z11, Z19, Z8)
	ROUND(Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z10, 2)
	SCHEDULE(Z11, Z12, Z20, Z9)
	ROUND(Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z11, 3)
	SCHEDULE(Z12, Z13, Z21, Z10)
	ROUND(Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z12, 4)
	SCHEDULE(Z13, Z14, Z22, Z11)
	ROUND(Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z13, 5)
	SCHEDULE(Z14, Z15, Z23, Z12)
	ROUND(Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z14, 6)
	SCHEDULE(Z15, Z16, Z8, Z13)
	ROUND(Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z15, 7)
	SCHEDULE(Z16, Z17, Z9, Z14)
	ROUND(Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z16, 8)
	SCHEDULE(Z17, Z18, Z10, Z15)
	ROUND(Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z17, 9)
	SCHEDULE(Z18, Z19, Z11, Z16)
	ROUND(Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z5, Z18, 10)
	SCHEDULE(Z19, Z20, Z12, Z17)
	ROUND(Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z4, Z19, 11)
	SCHEDULE(Z20, Z21, Z13, Z18)
	ROUND(Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z3, Z20, 12)
	SCHEDULE(Z21, Z22, Z14, Z19)
	ROUND(Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z2, Z21, 13)
	SCHEDULE(Z22, Z23, Z15, Z20)
	ROUND(Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z1, Z22, 14)
	SCHEDULE(Z23, Z8, Z16, Z21)
	ROUND(Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z0, Z23, 15)
	DECQ DX
	JNE  sixteen

	VPADDD 0(DI), Z0, Z0
	VPADDD 64(DI), Z1, Z1
	VPADDD 128(DI), Z2, Z2
	VPADDD 192(DI), Z3, Z3
	VPADDD 256(DI), Z4, Z4
	VPADDD 320(DI), Z5, Z5
	VPADDD 384(DI), Z6, Z6
	VPADDD 448(DI), Z7, Z7
	VMOVDQU32 Z0, 0(DI)
	VMOVDQU32 Z1, 64(DI)
	VMOVDQU32 Z2, 128(DI)
	VMOVDQU32 Z3, 192(DI)
	VMOVDQU32 Z4, 256(DI)
	VMOVDQU32 Z5, 320(DI)
	VMOVDQU32 Z6, 384(DI)
	VMOVDQU32 Z7, 448(DI)
	ADDQ $64, R8
	DECQ CX
	JNE  block
	VZEROUPPER
	RET
