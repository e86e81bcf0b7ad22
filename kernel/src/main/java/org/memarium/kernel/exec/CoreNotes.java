package org.memarium.kernel.exec;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.CpuState;
import org.memarium.cpu.Flags;
import org.memarium.hardware.Ram;
import org.memarium.hardware.Segmentation;
import org.memarium.kernel.process.FloatingPointFrame;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.SignalState;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TlsSegments;
import org.memarium.kernel.process.UserDesc;
import org.memarium.kernel.procfs.ProcessView;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.Vma;

/**
 * The notes of a core file: what a debugger is told of a process beside its memory (Linux {@code
 * fs/binfmt_elf.c}, {@code fill_note_info}; {@code arch/x86/kernel/ptrace.c}).
 *
 * <pre>
 *   of the thread that died   PRSTATUS  PRPSINFO  SIGINFO  AUXV  FILE  FPREGSET  PRXFPREG  386_TLS
 *   of each other thread      PRSTATUS                                 FPREGSET  PRXFPREG  386_TLS
 *
 *   a note:  | length of name | length of contents | type | name, 0 ... | contents ... |
 *              4                4                    4      both to a multiple of 4
 * </pre>
 */
final class CoreNotes {
  private static final int NT_PRSTATUS = 1;
  private static final int NT_FPREGSET = 2;
  private static final int NT_PRPSINFO = 3;
  private static final int NT_AUXV = 6;
  private static final int NT_386_TLS = 0x200;
  private static final int NT_FILE = 0x4649_4c45;
  private static final int NT_PRXFPREG = 0x46e6_2b7f;
  private static final int NT_SIGINFO = 0x5349_4749;

  private static final int PRSTATUS_BYTES = 144;
  private static final int PRPSINFO_BYTES = 124;
  private static final int NAME_BYTES = 16;
  private static final int ARGUMENTS_BYTES = 80;

  // ---- Flags of a task, PF_ ----
  private static final int POSTCOREDUMP = 0x8;
  private static final int SIGNALED = 0x400;
  private static final int DUMPS = SIGNALED | 0x200;

  // ---- States of a task, as numbers of their bits from 1: TASK_UNINTERRUPTIBLE, TASK_DEAD ----
  private static final int WAITS = 2;
  private static final int DEAD = 8;

  /** {@code struct user_regs_struct}, up to the data segments. */
  private static final int[] REGISTERS = {
    Cpu.EBX, Cpu.ECX, Cpu.EDX, Cpu.ESI, Cpu.EDI, Cpu.EBP, Cpu.EAX
  };

  private static final int[] DATA_SEGMENTS = {
    Segmentation.DS, Segmentation.ES, Segmentation.FS, Segmentation.GS
  };

  private final Cpu cpu;
  private final TlsSegments tls;
  private final int wordBytes;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  CoreNotes(Cpu cpu, TlsSegments tls, int wordBytes) {
    this.cpu = cpu;
    this.tls = tls;
    this.wordBytes = wordBytes;
  }

  /**
   * All notes of a process.
   *
   * @param task the thread that dies, which the processor holds
   * @param siginfo {@code siginfo_t} of its signal, as a handler would see it
   */
  byte[] of(Task task, SignalInfo info, byte[] siginfo, List<Vma> areas) {
    int cause = info.isFromUser() ? task.call().number() : -1;
    note("CORE", NT_PRSTATUS, status(task, info.signal(), cause));
    note("CORE", NT_PRPSINFO, processInfo(task));
    note("CORE", NT_SIGINFO, siginfo);
    note("CORE", NT_AUXV, task.auxiliaryVector());
    files(areas);
    registerSets(null);
    CpuState own = cpu.save();
    for (Task thread : task.process().threads()) {
      CpuState state = thread.context().registers();
      if (!thread.equals(task) && !thread.isEnded() && state != null) {
        cpu.restore(state);
        note("CORE", NT_PRSTATUS, status(thread, info.signal(), thread.call().number()));
        registerSets(thread.context().tlsDescriptors());
      }
    }
    cpu.restore(own);
    return out.toByteArray();
  }

  private void note(String name, int type, byte[] contents) {
    byte[] nameBytes = (name + "\0").getBytes(StandardCharsets.US_ASCII);
    out.writeBytes(words(12).putInt(nameBytes.length).putInt(contents.length).putInt(type).array());
    padded(nameBytes);
    padded(contents);
  }

  private void padded(byte[] bytes) {
    out.writeBytes(bytes);
    out.writeBytes(new byte[-bytes.length & 3]);
  }

  private static ByteBuffer words(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** {@code struct elf_prstatus}, with the registers that the processor holds. */
  private byte[] status(Task thread, int signal, int originalEax) {
    ProcessView view = thread.view();
    SignalState signals = thread.signals();
    ByteBuffer to = ByteBuffer.allocate(PRSTATUS_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    to.putInt(signal).putInt(0).putInt(0).putShort((short) signal).putShort((short) 0);
    to.putInt(view.signalMasks().getFirst().intValue()).putInt((int) signals.blocked());
    identity(to, view);
    time(to, view.userNanos());
    time(to, view.systemNanos());
    time(to, view.childrenUsage().userNanos());
    time(to, view.childrenUsage().systemNanos());
    for (int register : REGISTERS) {
      to.putInt(cpu.register(register));
    }
    Segmentation segments = cpu.segmentation();
    for (int segment : DATA_SEGMENTS) {
      to.putInt(segments.selector(segment));
    }
    to.putInt(originalEax).putInt(cpu.eip()).putInt(segments.selector(Segmentation.CS));
    // The processor has told the kernel to resume with the instruction that failed.
    int resume = originalEax == -1 && signal != Signal.SIGTRAP ? Flags.RF : 0;
    to.putInt(cpu.eflags() | resume).putInt(cpu.register(Cpu.ESP));
    return to.putInt(segments.selector(Segmentation.SS)).putInt(1).array();
  }

  private static void identity(ByteBuffer to, ProcessView view) {
    to.putInt(view.pid()).putInt(view.parentPid());
    to.putInt(view.processGroup()).putInt(view.session());
  }

  private static void time(ByteBuffer to, long nanos) {
    long second = TimeUnit.SECONDS.toNanos(1);
    to.putInt((int) (nanos / second)).putInt((int) (nanos % second / 1000));
  }

  /**
   * {@code struct elf_prpsinfo}, of the first thread, whichever died: it writes the file (R), waits
   * until that is done (D), or has ended before; and 79 bytes of its arguments.
   */
  private static byte[] processInfo(Task task) {
    Task leader = task.process().leader();
    ProcessView view = leader.view();
    ByteBuffer to = ByteBuffer.allocate(PRPSINFO_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    int flags;
    if (leader.equals(task)) {
      to.put((byte) 0).put((byte) 'R');
      flags = DUMPS;
    } else if (leader.isEnded()) {
      to.put((byte) DEAD).put((byte) '.');
      flags = POSTCOREDUMP;
    } else {
      to.put((byte) WAITS).put((byte) 'D');
      flags = POSTCOREDUMP | SIGNALED;
    }
    to.put((byte) 0).put((byte) view.nice());
    to.putInt(view.taskFlags() | flags);
    to.putShort((short) view.users().real()).putShort((short) view.groups().real());
    identity(to, view);
    byte[] name = view.comm().getBytes(StandardCharsets.ISO_8859_1);
    int arguments = to.position() + NAME_BYTES;
    to.put(name, 0, Math.min(name.length, NAME_BYTES - 1)).position(arguments);
    byte[] line = task.view().commandLine();
    for (int k = 0; k < Math.min(line.length, ARGUMENTS_BYTES - 1); k++) {
      to.put(line[k] == 0 ? (byte) ' ' : line[k]);
    }
    return to.array();
  }

  /** {@code fill_files_note}: where which page of which file is mapped. */
  private void files(List<Vma> areas) {
    ByteArrayOutputStream places = new ByteArrayOutputStream();
    ByteArrayOutputStream names = new ByteArrayOutputStream();
    int count = 0;
    for (Vma area : areas) {
      MappedFile file = area.file();
      if (file != null && !file.isSpecialMapping()) {
        int page = (int) area.pageOffset();
        places.writeBytes(
            words(12).putInt((int) area.start()).putInt((int) area.end()).putInt(page).array());
        names.writeBytes((file.path() + "\0").getBytes(StandardCharsets.ISO_8859_1));
        count++;
      }
    }
    if (count > 0) {
      ByteBuffer all =
          ByteBuffer.allocate(8 + places.size() + names.size()).order(ByteOrder.LITTLE_ENDIAN);
      all.putInt(count).putInt(Ram.PAGE_SIZE).put(places.toByteArray()).put(names.toByteArray());
      note("CORE", NT_FILE, all.array());
    }
  }

  /**
   * The floating-point registers that the processor holds, and the thread-local storage.
   *
   * @param descriptors of a thread that does not run; null: what the processor has
   */
  private void registerSets(long @Nullable [] descriptors) {
    note("CORE", NT_FPREGSET, FloatingPointFrame.fsaveImage(cpu, wordBytes));
    if (cpu.model().hasFxsave()) {
      byte[] image = new byte[FloatingPointFrame.FXSAVE_BYTES];
      cpu.storeFxsave(image);
      note("LINUX", NT_PRXFPREG, image);
    }
    ByteBuffer segments =
        ByteBuffer.allocate(TlsSegments.ENTRIES * UserDesc.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    boolean any = false;
    for (int k = 0; k < TlsSegments.ENTRIES; k++) {
      int entry = tls.firstEntry() + k;
      UserDesc segment = descriptors == null ? tls.get(entry) : UserDesc.of(entry, descriptors[k]);
      segments.putInt(entry).putInt(segment.base());
      segments.putInt(segment.limit()).putInt(segment.flags());
      any |= !segment.isEmpty();
    }
    if (any) {
      note("LINUX", NT_386_TLS, segments.array());
    }
  }
}
