package org.memarium.kernel.syscall;

import org.memarium.cpu.Cpu;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TlsSegments;
import org.memarium.kernel.process.UserDesc;
import org.memarium.kernel.process.UserMemory;
import org.memarium.mm.Errno;

/**
 * What a C library does for its threads, the first one included: TLS segments, restartable
 * sequences.
 */
final class ThreadCalls {
  private static final int RSEQ_FLAG_UNREGISTER = 1;
  private static final int RSEQ_ORIGINAL_BYTES = 32;
  private static final int RSEQ_CPU_ID_UNINITIALIZED = -1;

  private final Kernel kernel;
  private final UserMemory memory;

  ThreadCalls(Kernel kernel) {
    this.kernel = kernel;
    this.memory = kernel.memory();
  }

  private Task task() {
    return kernel.task();
  }

  void enter(SystemCallTable table) {
    table.set("set_thread_area", this::setThreadArea);
    table.set("get_thread_area", this::getThreadArea);
    table.set("set_tid_address", this::setTidAddress);
    table.set("rseq", this::rseq);
  }

  /** {@code do_set_thread_area}: entry -1 asks for any free one, which is then told. */
  private long setThreadArea(int address) {
    long at = Integer.toUnsignedLong(address);
    UserDesc wanted = UserDesc.copyIn(memory, at);
    if (!wanted.isAllowedForTls()) {
      return -Errno.EINVAL;
    }
    TlsSegments tls = kernel.tls();
    int entry = wanted.entry();
    if (entry == -1) {
      entry = tls.findFree();
      if (entry < 0) {
        return -Errno.ESRCH;
      }
      memory.writeInt(at, entry);
    }
    if (!tls.contains(entry)) {
      return -Errno.EINVAL;
    }
    tls.set(new UserDesc(entry, wanted.base(), wanted.limit(), wanted.flags()));
    tls.reload(kernel.cpu().segmentation(), entry);
    return 0;
  }

  private long getThreadArea(int address) {
    long at = Integer.toUnsignedLong(address);
    int entry = memory.readInt(at);
    if (!kernel.tls().contains(entry)) {
      return -Errno.EINVAL;
    }
    kernel.tls().get(entry).copyOut(memory, at);
    return 0;
  }

  private long setTidAddress(int address) {
    task().mmRelease().setClearChildTid(Integer.toUnsignedLong(address));
    return task().pid();
  }

  /**
   * {@code kernel/rseq.c}. With one processor the identifiers in {@code struct rseq} never change,
   * so they are written here once; a signal aborts a running sequence.
   *
   * <pre>
   *   0              4        8         16      20        24       28
   *  +--------------+--------+---------+-------+---------+--------+----
   *  | cpu_id_start | cpu_id | rseq_cs | flags | node_id | mm_cid |
   *  +--------------+--------+---------+-------+---------+--------+----
   * </pre>
   */
  private long rseq(int address, int bytes, int flags, int signature) {
    long at = Integer.toUnsignedLong(address);
    if ((flags & RSEQ_FLAG_UNREGISTER) != 0) {
      return unregisterRseq(at, bytes, flags, signature);
    }
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    if (task().rseq().area() != 0) {
      if (task().rseq().area() != at || task().rseq().bytes() != bytes) {
        return -Errno.EINVAL;
      }
      return task().rseq().signature() == signature ? -Errno.EBUSY : -Errno.EPERM;
    }
    if (Integer.compareUnsigned(bytes, RSEQ_ORIGINAL_BYTES) < 0 || at % RSEQ_ORIGINAL_BYTES != 0) {
      return -Errno.EINVAL;
    }
    if (!memory.isUserRange(at, Integer.toUnsignedLong(bytes))) {
      return -Errno.EFAULT;
    }
    writeRseqIds(at, 0);
    task().rseq().register(at, bytes, signature);
    return 0;
  }

  private long unregisterRseq(long at, int bytes, int flags, int signature) {
    if ((flags & ~RSEQ_FLAG_UNREGISTER) != 0 || task().rseq().area() != at || at == 0) {
      return -Errno.EINVAL;
    }
    if (bytes != task().rseq().bytes()) {
      return -Errno.EINVAL;
    }
    if (signature != task().rseq().signature()) {
      return -Errno.EPERM;
    }
    writeRseqIds(at, RSEQ_CPU_ID_UNINITIALIZED);
    task().rseq().forget();
    return 0;
  }

  private void writeRseqIds(long at, int cpuId) {
    memory.writeInt(at, 0);
    memory.writeInt(at + 4, cpuId);
    memory.writeInt(at + 20, 0);
    memory.writeInt(at + 24, 0);
  }

  /**
   * {@code rseq_ip_fixup}: a signal that arrives inside a restartable sequence, or another thread's
   * turn, sends the thread to the sequence's abort handler; a signal's own handler runs then.
   *
   * @return false if the registration is damaged: SIGSEGV
   */
  static boolean abortSequence(Task task, UserMemory memory, Cpu cpu) {
    if (task.rseq().area() == 0) {
      return true;
    }
    long area = task.rseq().area();
    long descriptor = memory.readLong(area + 8);
    if (descriptor == 0) {
      return true;
    }
    // struct rseq_cs: version, flags, start_ip, post_commit_offset, abort_ip
    long start = memory.readLong(descriptor + 8);
    long length = memory.readLong(descriptor + 16);
    long abort = memory.readLong(descriptor + 24);
    if (memory.readInt(descriptor) != 0
        || (abort - start >= 0 && abort - start < length)
        || memory.readInt(abort - 4) != task.rseq().signature()) {
      return false;
    }
    memory.writeLong(area + 8, 0);
    long eip = Integer.toUnsignedLong(cpu.eip());
    if (eip - start >= 0 && eip - start < length) {
      cpu.setEip((int) abort);
    }
    return true;
  }
}
