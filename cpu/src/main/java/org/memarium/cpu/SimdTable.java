package org.memarium.cpu;

/**
 * The instructions of MMX, SSE and SSE2, in the form that {@link InstructionTable} explains (Intel
 * SDM vol. 2, appendix A). They came with the Pentium 4; an i686 raises #UD for all of them.
 */
final class SimdTable {
  static final String TEXT =
      """
      MOVD_TO_MM=movd
        NP:0F6E/r Pq,Ed
      MOVD_FROM_MM=movd
        NP:0F7E/r Ed,Pq
      MOVD_TO_XMM=movd
        66:0F6E/r Vx,Ed
      MOVD_FROM_XMM=movd
        66:0F7E/r Ed,Vx
      LOAD_MM=movq
        NP:0F6F/r Pq,Qq
      STORE_MM=movq
        NP:0F7F/r Qq,Pq
      STORE_MM=movntq
        NP:0FE7/rm Mq,Pq
      LOAD_ALIGNED=movaps
        NP:0F28/r Vx,Wx
      STORE_ALIGNED=movaps
        NP:0F29/r Wx,Vx
      LOAD_ALIGNED=movapd
        66:0F28/r Vx,Wx
      STORE_ALIGNED=movapd
        66:0F29/r Wx,Vx
      LOAD_ALIGNED=movdqa
        66:0F6F/r Vx,Wx
      STORE_ALIGNED=movdqa
        66:0F7F/r Wx,Vx
      STORE_ALIGNED=movntps
        NP:0F2B/rm Mx,Vx
      STORE_ALIGNED=movntpd
        66:0F2B/rm Mx,Vx
      STORE_ALIGNED=movntdq
        66:0FE7/rm Mx,Vx
      LOAD_UNALIGNED=movups
        NP:0F10/r Vx,Wx
      STORE_UNALIGNED=movups
        NP:0F11/r Wx,Vx
      LOAD_UNALIGNED=movupd
        66:0F10/r Vx,Wx
      STORE_UNALIGNED=movupd
        66:0F11/r Wx,Vx
      LOAD_UNALIGNED=movdqu
        F3:0F6F/r Vx,Wx
      STORE_UNALIGNED=movdqu
        F3:0F7F/r Wx,Vx
      LOAD_SCALAR=movss
        F3:0F10/r Vx,Wd
      STORE_SCALAR=movss
        F3:0F11/r Wd,Vx
      LOAD_SCALAR=movsd
        F2:0F10/r Vx,Wq
      STORE_SCALAR=movsd
        F2:0F11/r Wq,Vx
      LOAD_QUADWORD=movq
        F3:0F7E/r Vx,Wq
      STORE_QUADWORD=movq
        66:0FD6/r Wq,Vx
      LOAD_LOW=movlps
        NP:0F12/rm Vx,Mq
      LOAD_LOW=movlpd
        66:0F12/rm Vx,Mq
      STORE_LOW=movlps
        NP:0F13/rm Mq,Vx
      STORE_LOW=movlpd
        66:0F13/rm Mq,Vx
      LOAD_HIGH=movhps
        NP:0F16/rm Vx,Mq
      LOAD_HIGH=movhpd
        66:0F16/rm Vx,Mq
      STORE_HIGH=movhps
        NP:0F17/rm Mq,Vx
      STORE_HIGH=movhpd
        66:0F17/rm Mq,Vx
      MOVHLPS
        NP:0F12/rg Vx,Wx
      MOVLHPS
        NP:0F16/rg Vx,Wx
      MOVQ2DQ
        F3:0FD6/rg Vx,Qq
      MOVDQ2Q
        F2:0FD6/rg Pq,Wx
      MOVMSKPS
        NP:0F50/rg Gd,Wx
      MOVMSKPD
        66:0F50/rg Gd,Wx
      PMOVMSKB
        NP:0FD7/rg Gd,Qq | 66:0FD7/rg Gd,Wx
      MASKMOV=maskmovq
        NP:0FF7/rg Pq,Qq
      MASKMOV=maskmovdqu
        66:0FF7/rg Vx,Wx
      PINSRW
        NP:0FC4/r Pq,Ew,Ib | 66:0FC4/r Vx,Ew,Ib
      PEXTRW
        NP:0FC5/rg Gd,Qq,Ib | 66:0FC5/rg Gd,Wx,Ib
      MOV=movnti
        NP:0FC3/rm Md,Gd

      PACKED=pcmpgtb
        NP:0F64/r Pq,Qq | 66:0F64/r Vx,Wx
      PACKED=pcmpgtw
        NP:0F65/r Pq,Qq | 66:0F65/r Vx,Wx
      PACKED=pcmpgtd
        NP:0F66/r Pq,Qq | 66:0F66/r Vx,Wx
      PACKED=pcmpeqb
        NP:0F74/r Pq,Qq | 66:0F74/r Vx,Wx
      PACKED=pcmpeqw
        NP:0F75/r Pq,Qq | 66:0F75/r Vx,Wx
      PACKED=pcmpeqd
        NP:0F76/r Pq,Qq | 66:0F76/r Vx,Wx
      PACKED=paddq
        NP:0FD4/r Pq,Qq | 66:0FD4/r Vx,Wx
      PACKED=pmullw
        NP:0FD5/r Pq,Qq | 66:0FD5/r Vx,Wx
      PACKED=psubusb
        NP:0FD8/r Pq,Qq | 66:0FD8/r Vx,Wx
      PACKED=psubusw
        NP:0FD9/r Pq,Qq | 66:0FD9/r Vx,Wx
      PACKED=pminub
        NP:0FDA/r Pq,Qq | 66:0FDA/r Vx,Wx
      PACKED=pand
        NP:0FDB/r Pq,Qq | 66:0FDB/r Vx,Wx
      PACKED=paddusb
        NP:0FDC/r Pq,Qq | 66:0FDC/r Vx,Wx
      PACKED=paddusw
        NP:0FDD/r Pq,Qq | 66:0FDD/r Vx,Wx
      PACKED=pmaxub
        NP:0FDE/r Pq,Qq | 66:0FDE/r Vx,Wx
      PACKED=pandn
        NP:0FDF/r Pq,Qq | 66:0FDF/r Vx,Wx
      PACKED=pavgb
        NP:0FE0/r Pq,Qq | 66:0FE0/r Vx,Wx
      PACKED=pavgw
        NP:0FE3/r Pq,Qq | 66:0FE3/r Vx,Wx
      PACKED=pmulhuw
        NP:0FE4/r Pq,Qq | 66:0FE4/r Vx,Wx
      PACKED=pmulhw
        NP:0FE5/r Pq,Qq | 66:0FE5/r Vx,Wx
      PACKED=psubsb
        NP:0FE8/r Pq,Qq | 66:0FE8/r Vx,Wx
      PACKED=psubsw
        NP:0FE9/r Pq,Qq | 66:0FE9/r Vx,Wx
      PACKED=pminsw
        NP:0FEA/r Pq,Qq | 66:0FEA/r Vx,Wx
      PACKED=por
        NP:0FEB/r Pq,Qq | 66:0FEB/r Vx,Wx
      PACKED=paddsb
        NP:0FEC/r Pq,Qq | 66:0FEC/r Vx,Wx
      PACKED=paddsw
        NP:0FED/r Pq,Qq | 66:0FED/r Vx,Wx
      PACKED=pmaxsw
        NP:0FEE/r Pq,Qq | 66:0FEE/r Vx,Wx
      PACKED=pxor
        NP:0FEF/r Pq,Qq | 66:0FEF/r Vx,Wx
      PACKED=pmuludq
        NP:0FF4/r Pq,Qq | 66:0FF4/r Vx,Wx
      PACKED=pmaddwd
        NP:0FF5/r Pq,Qq | 66:0FF5/r Vx,Wx
      PACKED=psadbw
        NP:0FF6/r Pq,Qq | 66:0FF6/r Vx,Wx
      PACKED=psubb
        NP:0FF8/r Pq,Qq | 66:0FF8/r Vx,Wx
      PACKED=psubw
        NP:0FF9/r Pq,Qq | 66:0FF9/r Vx,Wx
      PACKED=psubd
        NP:0FFA/r Pq,Qq | 66:0FFA/r Vx,Wx
      PACKED=psubq
        NP:0FFB/r Pq,Qq | 66:0FFB/r Vx,Wx
      PACKED=paddb
        NP:0FFC/r Pq,Qq | 66:0FFC/r Vx,Wx
      PACKED=paddw
        NP:0FFD/r Pq,Qq | 66:0FFD/r Vx,Wx
      PACKED=paddd
        NP:0FFE/r Pq,Qq | 66:0FFE/r Vx,Wx
      PACKED=andps
        NP:0F54/r Vx,Wx
      PACKED=andpd
        66:0F54/r Vx,Wx
      PACKED=andnps
        NP:0F55/r Vx,Wx
      PACKED=andnpd
        66:0F55/r Vx,Wx
      PACKED=orps
        NP:0F56/r Vx,Wx
      PACKED=orpd
        66:0F56/r Vx,Wx
      PACKED=xorps
        NP:0F57/r Vx,Wx
      PACKED=xorpd
        66:0F57/r Vx,Wx
      PACKED_SHIFT=psrlw
        NP:0FD1/r Pq,Qq | 66:0FD1/r Vx,Wx | NP:0F71/2g Qq,Ib | 66:0F71/2g Wx,Ib
      PACKED_SHIFT=psrld
        NP:0FD2/r Pq,Qq | 66:0FD2/r Vx,Wx | NP:0F72/2g Qq,Ib | 66:0F72/2g Wx,Ib
      PACKED_SHIFT=psrlq
        NP:0FD3/r Pq,Qq | 66:0FD3/r Vx,Wx | NP:0F73/2g Qq,Ib | 66:0F73/2g Wx,Ib
      PACKED_SHIFT=psraw
        NP:0FE1/r Pq,Qq | 66:0FE1/r Vx,Wx | NP:0F71/4g Qq,Ib | 66:0F71/4g Wx,Ib
      PACKED_SHIFT=psrad
        NP:0FE2/r Pq,Qq | 66:0FE2/r Vx,Wx | NP:0F72/4g Qq,Ib | 66:0F72/4g Wx,Ib
      PACKED_SHIFT=psllw
        NP:0FF1/r Pq,Qq | 66:0FF1/r Vx,Wx | NP:0F71/6g Qq,Ib | 66:0F71/6g Wx,Ib
      PACKED_SHIFT=pslld
        NP:0FF2/r Pq,Qq | 66:0FF2/r Vx,Wx | NP:0F72/6g Qq,Ib | 66:0F72/6g Wx,Ib
      PACKED_SHIFT=psllq
        NP:0FF3/r Pq,Qq | 66:0FF3/r Vx,Wx | NP:0F73/6g Qq,Ib | 66:0F73/6g Wx,Ib
      PSRLDQ
        66:0F73/3g Wx,Ib
      PSLLDQ
        66:0F73/7g Wx,Ib
      UNPACK_LOW=punpcklbw
        NP:0F60/r Pq,Qd | 66:0F60/r Vx,Wx
      UNPACK_LOW=punpcklwd
        NP:0F61/r Pq,Qd | 66:0F61/r Vx,Wx
      UNPACK_LOW=punpckldq
        NP:0F62/r Pq,Qd | 66:0F62/r Vx,Wx
      UNPACK_LOW=punpcklqdq
        66:0F6C/r Vx,Wx
      UNPACK_LOW=unpcklps
        NP:0F14/r Vx,Wx
      UNPACK_LOW=unpcklpd
        66:0F14/r Vx,Wx
      UNPACK_HIGH=punpckhbw
        NP:0F68/r Pq,Qq | 66:0F68/r Vx,Wx
      UNPACK_HIGH=punpckhwd
        NP:0F69/r Pq,Qq | 66:0F69/r Vx,Wx
      UNPACK_HIGH=punpckhdq
        NP:0F6A/r Pq,Qq | 66:0F6A/r Vx,Wx
      UNPACK_HIGH=punpckhqdq
        66:0F6D/r Vx,Wx
      UNPACK_HIGH=unpckhps
        NP:0F15/r Vx,Wx
      UNPACK_HIGH=unpckhpd
        66:0F15/r Vx,Wx
      PACK=packsswb
        NP:0F63/r Pq,Qq | 66:0F63/r Vx,Wx
      PACK=packuswb
        NP:0F67/r Pq,Qq | 66:0F67/r Vx,Wx
      PACK=packssdw
        NP:0F6B/r Pq,Qq | 66:0F6B/r Vx,Wx
      PSHUFW
        NP:0F70/r Pq,Qq,Ib
      PSHUFD
        66:0F70/r Vx,Wx,Ib
      PSHUFHW
        F3:0F70/r Vx,Wx,Ib
      PSHUFLW
        F2:0F70/r Vx,Wx,Ib
      SHUFPS
        NP:0FC6/r Vx,Wx,Ib
      SHUFPD
        66:0FC6/r Vx,Wx,Ib

      FLOAT_ARITHMETIC=sqrtps
        NP:0F51/r Vx,Wx
      FLOAT_ARITHMETIC=sqrtpd
        66:0F51/r Vx,Wx
      FLOAT_ARITHMETIC=sqrtss
        F3:0F51/r Vx,Wd
      FLOAT_ARITHMETIC=sqrtsd
        F2:0F51/r Vx,Wq
      FLOAT_ARITHMETIC=addps
        NP:0F58/r Vx,Wx
      FLOAT_ARITHMETIC=addpd
        66:0F58/r Vx,Wx
      FLOAT_ARITHMETIC=addss
        F3:0F58/r Vx,Wd
      FLOAT_ARITHMETIC=addsd
        F2:0F58/r Vx,Wq
      FLOAT_ARITHMETIC=mulps
        NP:0F59/r Vx,Wx
      FLOAT_ARITHMETIC=mulpd
        66:0F59/r Vx,Wx
      FLOAT_ARITHMETIC=mulss
        F3:0F59/r Vx,Wd
      FLOAT_ARITHMETIC=mulsd
        F2:0F59/r Vx,Wq
      FLOAT_ARITHMETIC=subps
        NP:0F5C/r Vx,Wx
      FLOAT_ARITHMETIC=subpd
        66:0F5C/r Vx,Wx
      FLOAT_ARITHMETIC=subss
        F3:0F5C/r Vx,Wd
      FLOAT_ARITHMETIC=subsd
        F2:0F5C/r Vx,Wq
      FLOAT_ARITHMETIC=minps
        NP:0F5D/r Vx,Wx
      FLOAT_ARITHMETIC=minpd
        66:0F5D/r Vx,Wx
      FLOAT_ARITHMETIC=minss
        F3:0F5D/r Vx,Wd
      FLOAT_ARITHMETIC=minsd
        F2:0F5D/r Vx,Wq
      FLOAT_ARITHMETIC=divps
        NP:0F5E/r Vx,Wx
      FLOAT_ARITHMETIC=divpd
        66:0F5E/r Vx,Wx
      FLOAT_ARITHMETIC=divss
        F3:0F5E/r Vx,Wd
      FLOAT_ARITHMETIC=divsd
        F2:0F5E/r Vx,Wq
      FLOAT_ARITHMETIC=maxps
        NP:0F5F/r Vx,Wx
      FLOAT_ARITHMETIC=maxpd
        66:0F5F/r Vx,Wx
      FLOAT_ARITHMETIC=maxss
        F3:0F5F/r Vx,Wd
      FLOAT_ARITHMETIC=maxsd
        F2:0F5F/r Vx,Wq
      FLOAT_COMPARE=cmpps
        NP:0FC2/r Vx,Wx,Ib
      FLOAT_COMPARE=cmppd
        66:0FC2/r Vx,Wx,Ib
      FLOAT_COMPARE=cmpss
        F3:0FC2/r Vx,Wd,Ib
      FLOAT_COMPARE=cmpsd
        F2:0FC2/r Vx,Wq,Ib
      FLOAT_COMPARE_TO_FLAGS=ucomiss w:oszapc
        NP:0F2E/r Vx,Wd
      FLOAT_COMPARE_TO_FLAGS=ucomisd w:oszapc
        66:0F2E/r Vx,Wq
      FLOAT_COMPARE_TO_FLAGS=comiss w:oszapc
        NP:0F2F/r Vx,Wd
      FLOAT_COMPARE_TO_FLAGS=comisd w:oszapc
        66:0F2F/r Vx,Wq
      FLOAT_ESTIMATE=rsqrtps
        NP:0F52/r Vx,Wx
      FLOAT_ESTIMATE=rsqrtss
        F3:0F52/r Vx,Wd
      FLOAT_ESTIMATE=rcpps
        NP:0F53/r Vx,Wx
      FLOAT_ESTIMATE=rcpss
        F3:0F53/r Vx,Wd

      CVTPI2PS
        NP:0F2A/r Vx,Qq
      CVTPI2PD
        66:0F2A/r Vx,Qq
      CVTSI2SS
        F3:0F2A/r Vx,Ed
      CVTSI2SD
        F2:0F2A/r Vx,Ed
      CVTPS2PI=cvttps2pi
        NP:0F2C/r Pq,Wq
      CVTPD2PI=cvttpd2pi
        66:0F2C/r Pq,Wx
      CVTSS2SI=cvttss2si
        F3:0F2C/r Gd,Wd
      CVTSD2SI=cvttsd2si
        F2:0F2C/r Gd,Wq
      CVTPS2PI
        NP:0F2D/r Pq,Wq
      CVTPD2PI
        66:0F2D/r Pq,Wx
      CVTSS2SI
        F3:0F2D/r Gd,Wd
      CVTSD2SI
        F2:0F2D/r Gd,Wq
      CVTPS2PD
        NP:0F5A/r Vx,Wq
      CVTPD2PS
        66:0F5A/r Vx,Wx
      CVTSS2SD
        F3:0F5A/r Vx,Wd
      CVTSD2SS
        F2:0F5A/r Vx,Wq
      CVTDQ2PS
        NP:0F5B/r Vx,Wx
      CVTPS2DQ
        66:0F5B/r Vx,Wx
      CVTPS2DQ=cvttps2dq
        F3:0F5B/r Vx,Wx
      CVTPD2DQ=cvttpd2dq
        66:0FE6/r Vx,Wx
      CVTPD2DQ
        F2:0FE6/r Vx,Wx
      CVTDQ2PD
        F3:0FE6/r Vx,Wq

      EMMS
        NP:0F77
      FXSAVE
        NP:0FAE/0m M
      FXRSTOR
        NP:0FAE/1m M
      LDMXCSR
        NP:0FAE/2m Md
      STMXCSR
        NP:0FAE/3m Md
      NOP=lfence
        NP:0FAE/5g
      NOP=mfence
        NP:0FAE/6g
      NOP=sfence
        NP:0FAE/7g
      CLFLUSH
        NP:0FAE/7m Mb
      """;

  private SimdTable() {}
}
