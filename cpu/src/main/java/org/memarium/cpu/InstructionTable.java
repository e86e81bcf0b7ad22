package org.memarium.cpu;

/**
 * The instructions, as text: the one place that lists them (Intel SDM vol. 2, appendix A; AMD APM
 * vol. 3, appendix A). {@link InstructionSet} parses it.
 *
 * <pre>
 *   OPERATION[=mnemonic] [r:flags] [w:flags] [u:flags] [lock]   operation as in {@link Operation};
 *                                    flags read, written, left undefined; may be locked in memory
 *     encoding operands | encoding operands ...
 *
 *   encoding   [prefix:][0F]opcode[+r|+cc][/r|/digit][m|g] or ...!modrm
 *     F3:      a prefix that belongs to the opcode: 66, F2 or F3, or NP for none of them
 *     +r       low three bits: a register        +cc  low four bits: a condition, {cc} in the name
 *     /r       ModRM follows     /digit  ... with this reg field
 *     m        ModRM must name memory            g    ModRM must name a register
 *     !modrm   exactly this byte follows
 * </pre>
 *
 * <p>Where two encodings match, the earlier one wins. All operands are those of {@link Operand}.
 * The x87 instructions are not here but in {@link org.memarium.cpu.x87.X87Forms}, those of MMX and
 * SSE in {@link SimdTable}.
 */
final class InstructionTable {
  static final String TEXT =
      """
      ADD w:oszapc lock
        00/r Eb,Gb | 01/r Ev,Gv | 02/r Gb,Eb | 03/r Gv,Ev | 04 AL,Ib | 05 eAX,Iz
        80/0 Eb,Ib | 81/0 Ev,Iz | 82/0 Eb,Ib | 83/0 Ev,Is
      OR w:oszpc u:a lock
        08/r Eb,Gb | 09/r Ev,Gv | 0A/r Gb,Eb | 0B/r Gv,Ev | 0C AL,Ib | 0D eAX,Iz
        80/1 Eb,Ib | 81/1 Ev,Iz | 82/1 Eb,Ib | 83/1 Ev,Is
      ADC r:c w:oszapc lock
        10/r Eb,Gb | 11/r Ev,Gv | 12/r Gb,Eb | 13/r Gv,Ev | 14 AL,Ib | 15 eAX,Iz
        80/2 Eb,Ib | 81/2 Ev,Iz | 82/2 Eb,Ib | 83/2 Ev,Is
      SBB r:c w:oszapc lock
        18/r Eb,Gb | 19/r Ev,Gv | 1A/r Gb,Eb | 1B/r Gv,Ev | 1C AL,Ib | 1D eAX,Iz
        80/3 Eb,Ib | 81/3 Ev,Iz | 82/3 Eb,Ib | 83/3 Ev,Is
      AND w:oszpc u:a lock
        20/r Eb,Gb | 21/r Ev,Gv | 22/r Gb,Eb | 23/r Gv,Ev | 24 AL,Ib | 25 eAX,Iz
        80/4 Eb,Ib | 81/4 Ev,Iz | 82/4 Eb,Ib | 83/4 Ev,Is
      SUB w:oszapc lock
        28/r Eb,Gb | 29/r Ev,Gv | 2A/r Gb,Eb | 2B/r Gv,Ev | 2C AL,Ib | 2D eAX,Iz
        80/5 Eb,Ib | 81/5 Ev,Iz | 82/5 Eb,Ib | 83/5 Ev,Is
      XOR w:oszpc u:a lock
        30/r Eb,Gb | 31/r Ev,Gv | 32/r Gb,Eb | 33/r Gv,Ev | 34 AL,Ib | 35 eAX,Iz
        80/6 Eb,Ib | 81/6 Ev,Iz | 82/6 Eb,Ib | 83/6 Ev,Is
      CMP w:oszapc
        38/r Eb,Gb | 39/r Ev,Gv | 3A/r Gb,Eb | 3B/r Gv,Ev | 3C AL,Ib | 3D eAX,Iz
        80/7 Eb,Ib | 81/7 Ev,Iz | 82/7 Eb,Ib | 83/7 Ev,Is
      TEST w:oszpc u:a
        84/r Eb,Gb | 85/r Ev,Gv | A8 AL,Ib | A9 eAX,Iz
        F6/0 Eb,Ib | F6/1 Eb,Ib | F7/0 Ev,Iz | F7/1 Ev,Iz
      INC w:oszap lock
        40+r Zv | FE/0 Eb | FF/0 Ev
      DEC w:oszap lock
        48+r Zv | FE/1 Eb | FF/1 Ev
      NOT lock
        F6/2 Eb | F7/2 Ev
      NEG w:oszapc lock
        F6/3 Eb | F7/3 Ev
      XADD w:oszapc lock
        0FC0/r Eb,Gb | 0FC1/r Ev,Gv
      CMPXCHG w:oszapc lock
        0FB0/r Eb,Gb | 0FB1/r Ev,Gv
      CMPXCHG8B w:z lock
        0FC7/1m Mq

      ROL w:oc
        C0/0 Eb,Ib | C1/0 Ev,Ib | D0/0 Eb,1 | D1/0 Ev,1 | D2/0 Eb,CL | D3/0 Ev,CL
      ROR w:oc
        C0/1 Eb,Ib | C1/1 Ev,Ib | D0/1 Eb,1 | D1/1 Ev,1 | D2/1 Eb,CL | D3/1 Ev,CL
      RCL r:c w:oc
        C0/2 Eb,Ib | C1/2 Ev,Ib | D0/2 Eb,1 | D1/2 Ev,1 | D2/2 Eb,CL | D3/2 Ev,CL
      RCR r:c w:oc
        C0/3 Eb,Ib | C1/3 Ev,Ib | D0/3 Eb,1 | D1/3 Ev,1 | D2/3 Eb,CL | D3/3 Ev,CL
      SHL w:oszpc u:a
        C0/4 Eb,Ib | C1/4 Ev,Ib | D0/4 Eb,1 | D1/4 Ev,1 | D2/4 Eb,CL | D3/4 Ev,CL
        C0/6 Eb,Ib | C1/6 Ev,Ib | D0/6 Eb,1 | D1/6 Ev,1 | D2/6 Eb,CL | D3/6 Ev,CL
      SHR w:oszpc u:a
        C0/5 Eb,Ib | C1/5 Ev,Ib | D0/5 Eb,1 | D1/5 Ev,1 | D2/5 Eb,CL | D3/5 Ev,CL
      SAR w:oszpc u:a
        C0/7 Eb,Ib | C1/7 Ev,Ib | D0/7 Eb,1 | D1/7 Ev,1 | D2/7 Eb,CL | D3/7 Ev,CL
      SHLD w:oszpc u:a
        0FA4/r Ev,Gv,Ib | 0FA5/r Ev,Gv,CL
      SHRD w:oszpc u:a
        0FAC/r Ev,Gv,Ib | 0FAD/r Ev,Gv,CL

      BT w:c u:osap
        0FA3/r Ev,Gv | 0FBA/4 Ev,Ib
      BTS w:c u:osap lock
        0FAB/r Ev,Gv | 0FBA/5 Ev,Ib
      BTR w:c u:osap lock
        0FB3/r Ev,Gv | 0FBA/6 Ev,Ib
      BTC w:c u:osap lock
        0FBB/r Ev,Gv | 0FBA/7 Ev,Ib
      BSF w:z u:osapc
        0FBC/r Gv,Ev
      BSR w:z u:osapc
        0FBD/r Gv,Ev
      BSWAP
        0FC8+r Zv

      MUL w:oc u:szap
        F6/4 Eb | F7/4 Ev
      IMUL w:oc u:szap
        F6/5 Eb | F7/5 Ev
      IMUL_LOW=imul w:oc u:szap
        0FAF/r Gv,Ev | 69/r Gv,Ev,Iz | 6B/r Gv,Ev,Is
      DIV u:oszapc
        F6/6 Eb | F7/6 Ev
      IDIV u:oszapc
        F6/7 Eb | F7/7 Ev
      CBW=cbw|cwde
        98
      CWD=cwd|cdq
        99
      DAA r:ac w:szapc u:o
        27
      DAS r:ac w:szapc u:o
        2F
      AAA r:a w:ac u:oszp
        37
      AAS r:a w:ac u:oszp
        3F
      AAM w:szp u:oac
        D4 Ib
      AAD w:szp u:oac
        D5 Ib

      MOV
        88/r Eb,Gb | 89/r Ev,Gv | 8A/r Gb,Eb | 8B/r Gv,Ev
        A0 AL,Ob | A1 eAX,Ov | A2 Ob,AL | A3 Ov,eAX
        B0+r Zb,Ib | B8+r Zv,Iz | C6/0 Eb,Ib | C7/0 Ev,Iz
      MOVZX
        0FB6/r Gv,Eb | 0FB7/r Gv,Ew
      MOVSX
        0FBE/r Gv,Eb | 0FBF/r Gv,Ew
      NOP=pause
        F3:90
      NOP
        90
      XCHG lock
        86/r Eb,Gb | 87/r Ev,Gv | 90+r eAX,Zv
      LEA
        8D/rm Gv,M
      CMOVCC=cmov{cc}
        0F40+cc/r Gv,Ev
      SETCC=set{cc}
        0F90+cc/r Eb
      XLAT
        D7
      PUSH
        50+r Zv | 68 Iz | 6A Is | FF/6 Ev
      POP
        58+r Zv | 8F/0 Ev
      PUSHA=pusha|pushad
        60
      POPA=popa|popad
        61
      ENTER
        C8 Iw,Ib
      LEAVE
        C9
      NOP=endbr32
        F3:0F1E!FB
      NOP=prefetch
        0F0D/rm M
      NOP=prefetchnta
        0F18/0m M
      NOP=prefetcht0
        0F18/1m M
      NOP=prefetcht1
        0F18/2m M
      NOP=prefetcht2
        0F18/3m M
      NOP
        0F18/r Ev | 0F19/r Ev | 0F1A/r Ev | 0F1B/r Ev | 0F1C/r Ev | 0F1D/r Ev | 0F1E/r Ev | 0F1F/r Ev

      PUSHF=pushf|pushfd r:oszapcd
        9C
      POPF=popf|popfd w:oszapcd
        9D
      LAHF r:szapc
        9F
      SAHF w:szapc
        9E
      CLC w:c
        F8
      STC w:c
        F9
      CMC r:c w:c
        F5
      CLD w:d
        FC
      STD w:d
        FD
      SALC r:c
        D6

      MOVS=movsb r:d
        A4 Yb,Xb
      MOVS=movsw|movsd r:d
        A5 Yv,Xv
      CMPS=cmpsb r:d w:oszapc
        A6 Xb,Yb
      CMPS=cmpsw|cmpsd r:d w:oszapc
        A7 Xv,Yv
      STOS=stosb r:d
        AA Yb,AL
      STOS=stosw|stosd r:d
        AB Yv,eAX
      LODS=lodsb r:d
        AC AL,Xb
      LODS=lodsw|lodsd r:d
        AD eAX,Xv
      SCAS=scasb r:d w:oszapc
        AE AL,Yb
      SCAS=scasw|scasd r:d w:oszapc
        AF eAX,Yv

      JCC=j{cc}
        70+cc Jb | 0F80+cc Jz
      JMP
        EB Jb | E9 Jz | FF/4 Ev
      CALL
        E8 Jz | FF/2 Ev
      RET
        C3 | C2 Iw
      LOOPNE r:z
        E0 Jb
      LOOPE r:z
        E1 Jb
      LOOP
        E2 Jb
      JCXZ=jcxz
        E3 Jb
      JMP_FAR=jmp
        EA Ap | FF/5m Mp
      CALL_FAR=call
        9A Ap | FF/3m Mp
      RET_FAR=retf
        CB | CA Iw
      IRET=iret|iretd w:oszapcd
        CF
      INT
        CD Ib
      INT3
        CC
      INT1
        F1
      INTO r:o
        CE
      BOUND
        62/rm Gv,Ma

      MOV_FROM_SEGMENT=mov
        8C/r Ev,Sw
      MOV_TO_SEGMENT=mov
        8E/r Sw,Ew
      PUSH_SEGMENT=push
        06 ES | 0E CS | 16 SS | 1E DS | 0FA0 FS | 0FA8 GS
      POP_SEGMENT=pop
        07 ES | 17 SS | 1F DS | 0FA1 FS | 0FA9 GS
      LOAD_FAR_POINTER=les
        C4/rm Gv,Mp
      LOAD_FAR_POINTER=lds
        C5/rm Gv,Mp
      LOAD_FAR_POINTER=lss
        0FB2/rm Gv,Mp
      LOAD_FAR_POINTER=lfs
        0FB4/rm Gv,Mp
      LOAD_FAR_POINTER=lgs
        0FB5/rm Gv,Mp
      LAR w:z
        0F02/r Gv,Ew
      LSL w:z
        0F03/r Gv,Ew
      VERR w:z
        0F00/4 Ew
      VERW w:z
        0F00/5 Ew
      ARPL w:z
        63/r Ew,Gw
      CPUID
        0FA2
      RDTSC
        0F31

      PRIVILEGED=sldt
        0F00/0 Ev
      PRIVILEGED=str
        0F00/1 Ev
      PRIVILEGED=lldt
        0F00/2 Ew
      PRIVILEGED=ltr
        0F00/3 Ew
      PRIVILEGED=sgdt
        0F01/0m M
      PRIVILEGED=sidt
        0F01/1m M
      PRIVILEGED=lgdt
        0F01/2m M
      PRIVILEGED=lidt
        0F01/3m M
      PRIVILEGED=smsw
        0F01/4 Ev
      PRIVILEGED=lmsw
        0F01/6 Ew
      PRIVILEGED=invlpg
        0F01/7m M
      PRIVILEGED=clts
        0F06
      PRIVILEGED=invd
        0F08
      PRIVILEGED=wbinvd
        0F09
      PRIVILEGED=mov
        0F20/r Rd,Cd | 0F22/r Cd,Rd | 0F21/r Rd,Dd | 0F23/r Dd,Rd
      PRIVILEGED=wrmsr
        0F30
      PRIVILEGED=rdmsr
        0F32
      PRIVILEGED=rdpmc
        0F33
      PRIVILEGED=hlt
        F4
      PRIVILEGED=cli
        FA
      PRIVILEGED=sti
        FB
      PRIVILEGED=in
        E4 AL,Ib | E5 eAX,Ib | EC AL,DX | ED eAX,DX
      PRIVILEGED=out
        E6 Ib,AL | E7 Ib,eAX | EE DX,AL | EF DX,eAX
      PRIVILEGED=insb
        6C Yb,DX
      PRIVILEGED=insw|insd
        6D Yv,DX
      PRIVILEGED=outsb
        6E DX,Xb
      PRIVILEGED=outsw|outsd
        6F DX,Xv

      FWAIT
        9B
      INVALID=ud2
        0F0B
      INVALID=ud1
        0FB9/r Gv,Ev
      INVALID=ud0
        0FFF/r Gv,Ev
      """;

  private InstructionTable() {}
}
