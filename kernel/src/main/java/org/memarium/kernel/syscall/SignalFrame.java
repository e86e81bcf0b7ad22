package org.memarium.kernel.syscall;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.Flags;
import org.memarium.hardware.Segmentation;
import org.memarium.kernel.process.FloatingPointFrame;
import org.memarium.kernel.process.Segments;
import org.memarium.kernel.process.SignalAction;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.SignalState;
import org.memarium.kernel.process.Trap;
import org.memarium.kernel.process.UserFaultException;
import org.memarium.kernel.process.UserMemory;

/**
 * What a signal puts on the user's stack, and what comes back from there; Linux {@code
 * arch/x86/kernel/signal_32.c}.
 *
 * <pre>
 *   struct sigframe                              struct rt_sigframe
 *   0    4     8         96       720   724      0    4     8       12   16     144       260
 *  +----+-----+---------+--------+-----+----+   +----+-----+-------+----+------+---------+-----+
 *  | to | sig | context | unused | mask| ret|   | to | sig | pinfo | puc| info | ucontext| ret |
 *  +----+-----+---------+--------+-----+----+   +----+-----+-------+----+------+---------+-----+
 *   to: where the handler returns to; ret: the code of old for it
 *
 *   struct sigcontext
 *   0  4  8  12 16 20 24 28 32 36 40 44 48   52  56 60 64    68 72 76     80   84
 *  +--+--+--+--+--+--+--+--+--+--+--+--+----+---+--+--+-----+--+--+------+----+---+
 *  |gs|fs|es|ds|di|si|bp|sp|bx|dx|cx|ax|trap|err|ip|cs|flags|sp|ss|fpstate|mask|cr2|
 *  +--+--+--+--+--+--+--+--+--+--+--+--+----+---+--+--+-----+--+--+------+----+---+
 *
 *   struct ucontext: flags, link, stack (12 bytes), sigcontext (88), mask (8)
 *   fpstate: see {@link FloatingPointFrame}
 * </pre>
 */
public final class SignalFrame {
  private static final int CONTEXT_BYTES = 88;
  private static final int FRAME_BYTES = 732;
  private static final int FRAME_CONTEXT = 8;
  private static final int FRAME_MASK_HIGH = 720;
  private static final int FRAME_CODE = 724;
  private static final int RT_FRAME_BYTES = 268;
  private static final int RT_FRAME_INFO = 16;
  private static final int RT_FRAME_UCONTEXT = 144;
  private static final int UCONTEXT_CONTEXT = 20;
  private static final int UCONTEXT_MASK = 108;
  private static final int RT_FRAME_CODE = 260;
  private static final int INFO_BYTES = 128;

  /** {@code FIX_EFLAGS}: what a program may set through its frame. */
  private static final int FIX_EFLAGS =
      Flags.AC | Flags.OF | Flags.DF | Flags.TF | Flags.SF | Flags.ZF | Flags.AF | Flags.PF
          | Flags.CF | Flags.RF;

  /** pop %eax; mov $119,%eax; int $0x80. */
  private static final byte[] SIGRETURN_CODE = {
    0x58, (byte) 0xb8, 119, 0, 0, 0, (byte) 0xcd, (byte) 0x80
  };

  /** mov $173,%eax; int $0x80. */
  private static final byte[] RT_SIGRETURN_CODE = {
    (byte) 0xb8, (byte) 173, 0, 0, 0, (byte) 0xcd, (byte) 0x80, 0
  };

  private static final int[] SEGMENTS = {
    Segmentation.GS, Segmentation.FS, Segmentation.ES, Segmentation.DS
  };

  private static final int[] REGISTERS = {
    Cpu.EDI, Cpu.ESI, Cpu.EBP, Cpu.ESP, Cpu.EBX, Cpu.EDX, Cpu.ECX, Cpu.EAX
  };

  private SignalFrame() {}

  /**
   * {@code handle_signal}: builds the frame and sends the program to its handler.
   *
   * @param action a handler
   * @param mask the blocked signals that the handler's return restores
   * @param vdso the linear address of __kernel_sigreturn and __kernel_rt_sigreturn; 0 for none
   * @param trap the last exception
   * @return false if the stack has no room for it: SIGSEGV
   */
  public static boolean deliver(
      Kernel kernel, SignalInfo info, SignalAction action, long mask, long[] vdso, Trap trap) {
    try {
      return build(kernel, info, action, mask, vdso, trap);
    } catch (UserFaultException noRoom) {
      return false;
    }
  }

  private static boolean build(
      Kernel kernel, SignalInfo info, SignalAction action, long mask, long[] vdso, Trap trap) {
    Cpu cpu = kernel.cpu();
    UserMemory memory = kernel.memory();
    SignalState signals = kernel.task().signals();
    if (!ThreadCalls.abortSequence(kernel.task(), memory, cpu)) {
      return false;
    }
    boolean rt = action.has(SignalAction.SA_SIGINFO);
    long stackPointer = Integer.toUnsignedLong(cpu.register(Cpu.ESP));
    boolean onAlternate = signals.isOnAlternateStack(stackPointer);
    long sp = stackPointer;
    boolean enters =
        action.has(SignalAction.SA_ONSTACK) && !onAlternate && signals.alternateStackBytes() != 0;
    if (enters) {
      sp = signals.alternateStack() + signals.alternateStackBytes();
    }
    long fpu = FloatingPointFrame.below(sp, cpu.model());
    int bytes = rt ? RT_FRAME_BYTES : FRAME_BYTES;
    long frame = ((fpu - bytes + 4) & ~15L) - 4;
    // A frame that would leave the alternate stack must not be written below it.
    if ((onAlternate || enters) && frame <= signals.alternateStack()) {
      return false;
    }
    FloatingPointFrame.write(cpu, memory, fpu, kernel.wordBytes());
    ByteBuffer out = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long code = rt ? frame + RT_FRAME_CODE : frame + FRAME_CODE;
    long kernelCode = vdso[rt ? 1 : 0];
    long returnsTo =
        action.has(SignalAction.SA_RESTORER)
            ? action.restorer()
            : kernelCode != 0 ? kernelCode : code;
    out.putInt((int) returnsTo).putInt(info.signal());
    if (rt) {
      out.putInt((int) (frame + RT_FRAME_INFO)).putInt((int) (frame + RT_FRAME_UCONTEXT));
      out.put(RT_FRAME_INFO, siginfo(info));
      out.put(RT_FRAME_UCONTEXT + 8, alternateStack(signals, stackPointer));
      out.put(RT_FRAME_UCONTEXT + UCONTEXT_CONTEXT, context(cpu, mask, fpu, trap));
      out.putLong(RT_FRAME_UCONTEXT + UCONTEXT_MASK, mask);
      out.put(RT_FRAME_CODE, RT_SIGRETURN_CODE);
    } else {
      out.put(FRAME_CONTEXT, context(cpu, mask, fpu, trap));
      out.putInt(FRAME_MASK_HIGH, (int) (mask >>> 32));
      out.put(FRAME_CODE, SIGRETURN_CODE);
    }
    memory.write(frame, out.array());

    cpu.setRegister(Cpu.ESP, (int) frame);
    cpu.setRegister(Cpu.EAX, info.signal());
    cpu.setRegister(Cpu.EDX, rt ? (int) (frame + RT_FRAME_INFO) : 0);
    cpu.setRegister(Cpu.ECX, rt ? (int) (frame + RT_FRAME_UCONTEXT) : 0);
    cpu.setEip((int) action.handler());
    cpu.setEflags(cpu.eflags() & ~(Flags.DF | Flags.RF | Flags.TF));
    // A handler runs with flat segments, whatever the program made for itself.
    Segments flat = Segments.of(kernel.wordBytes());
    Segmentation segments = cpu.segmentation();
    segments.force(Segmentation.CS, flat.userCode());
    segments.force(Segmentation.SS, flat.userData());
    segments.force(Segmentation.DS, flat.userData());
    segments.force(Segmentation.ES, flat.userData());
    cpu.resetFloatingPoint();
    return true;
  }

  private static byte[] context(Cpu cpu, long mask, long fpu, Trap trap) {
    ByteBuffer out = ByteBuffer.allocate(CONTEXT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    Segmentation segments = cpu.segmentation();
    for (int segment : SEGMENTS) {
      out.putInt(segments.selector(segment));
    }
    for (int register : REGISTERS) {
      out.putInt(cpu.register(register));
    }
    out.putInt(trap.vector()).putInt(trap.errorCode()).putInt(cpu.eip());
    out.putInt(segments.selector(Segmentation.CS)).putInt(cpu.eflags());
    out.putInt(cpu.register(Cpu.ESP)).putInt(segments.selector(Segmentation.SS));
    out.putInt((int) fpu).putInt((int) mask).putInt((int) trap.cr2());
    return out.array();
  }

  /** {@code siginfo_t}: 128 bytes. */
  public static byte[] siginfo(SignalInfo info) {
    ByteBuffer out = ByteBuffer.allocate(INFO_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(info.signal()).putInt(info.errno()).putInt(info.code());
    out.putInt(info.first()).putInt(info.second()).putInt(info.third());
    out.putInt(info.fourth()).putInt(info.fifth());
    return out.array();
  }

  /** {@code stack_t} as it stands: 12 bytes. */
  static byte[] alternateStack(SignalState signals, long stackPointer) {
    int where =
        signals.alternateStackBytes() == 0
            ? SignalState.SS_DISABLE
            : signals.isOnAlternateStack(stackPointer) ? SignalState.SS_ONSTACK : 0;
    int keep = signals.alternateStackFlags() & ~(SignalState.SS_DISABLE | SignalState.SS_ONSTACK);
    return ByteBuffer.allocate(12)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt((int) signals.alternateStack())
        .putInt(where | keep)
        .putInt((int) signals.alternateStackBytes())
        .array();
  }

  /** The code before the call has popped the signal's number. */
  static long sigreturn(Kernel kernel) {
    long frame = Integer.toUnsignedLong(kernel.cpu().register(Cpu.ESP)) - 8;
    try {
      long low = kernel.memory().readUnsignedInt(frame + FRAME_CONTEXT + 80);
      long high = kernel.memory().readUnsignedInt(frame + FRAME_MASK_HIGH);
      kernel.task().signals().setBlocked(low | high << 32);
      restore(kernel, frame + FRAME_CONTEXT);
    } catch (UserFaultException badFrame) {
      kernel.badFrame(frame);
    }
    return SystemCall.REGISTERS_SET;
  }

  /** The handler's return has popped the address. */
  static long rtSigreturn(Kernel kernel) {
    long frame = Integer.toUnsignedLong(kernel.cpu().register(Cpu.ESP)) - 4;
    try {
      UserMemory memory = kernel.memory();
      long ucontext = frame + RT_FRAME_UCONTEXT;
      kernel.task().signals().setBlocked(memory.readLong(ucontext + UCONTEXT_MASK));
      restore(kernel, ucontext + UCONTEXT_CONTEXT);
      SignalState signals = kernel.task().signals();
      long sp = Integer.toUnsignedLong(kernel.cpu().register(Cpu.ESP));
      if (!signals.isOnAlternateStack(sp) || signals.alternateStackBytes() == 0) {
        int flags = memory.readInt(ucontext + 12);
        long bytes = memory.readUnsignedInt(ucontext + 16);
        boolean off = (flags & SignalState.SS_DISABLE) != 0;
        signals.setAlternateStack(
            off ? 0 : memory.readUnsignedInt(ucontext + 8),
            off ? 0 : bytes,
            flags & ~SignalState.SS_ONSTACK);
      }
    } catch (UserFaultException badFrame) {
      kernel.badFrame(frame);
    }
    return SystemCall.REGISTERS_SET;
  }

  /** {@code restore_sigcontext}: everything is read before anything changes. */
  private static void restore(Kernel kernel, long at) {
    ByteBuffer in =
        ByteBuffer.wrap(kernel.memory().read(at, CONTEXT_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
    Cpu cpu = kernel.cpu();
    long fpu = Integer.toUnsignedLong(in.getInt(76));
    byte[] image = FloatingPointFrame.read(cpu, kernel.memory(), fpu);
    Segmentation segments = cpu.segmentation();
    for (int i = 0; i < SEGMENTS.length; i++) {
      loadOrClear(segments, SEGMENTS[i], in.getShort(4 * i) & 0xffff);
    }
    for (int i = 0; i < REGISTERS.length; i++) {
      cpu.setRegister(REGISTERS[i], in.getInt(16 + 4 * i));
    }
    cpu.setEip(in.getInt(56));
    cpu.setEflags((cpu.eflags() & ~FIX_EFLAGS) | (in.getInt(64) & FIX_EFLAGS));
    loadOrKeep(segments, Segmentation.CS, (in.getInt(60) & 0xffff) | 3);
    loadOrKeep(segments, Segmentation.SS, (in.getInt(72) & 0xffff) | 3);
    FloatingPointFrame.load(cpu, image, kernel.wordBytes());
  }

  /** {@code loadsegment}: a selector that cannot be loaded becomes null. */
  private static void loadOrClear(Segmentation segments, int register, int selector) {
    var descriptor = segments.find(selector);
    boolean null0 = (selector & ~3) == 0;
    boolean fine =
        null0 || (descriptor != null && descriptor.present() && descriptor.privilege() == 3);
    segments.force(register, fine ? selector : 0);
  }

  /** The return to user mode would fault on a selector that is none: the frame's is not taken. */
  private static void loadOrKeep(Segmentation segments, int register, int selector) {
    var descriptor = segments.find(selector);
    if (descriptor != null
        && descriptor.present()
        && descriptor.privilege() == 3
        && !descriptor.longMode()
        && descriptor.isCode() == (register == Segmentation.CS)) {
      segments.force(register, selector);
    }
  }
}
