package org.memarium.kernel.procfs;

import java.nio.charset.StandardCharsets;
import org.memarium.kernel.vfs.ErrnoException;
import org.memarium.mm.Errno;
import org.memarium.mm.space.ClearRefs;
import org.memarium.mm.space.MmStruct;

/**
 * {@code comm}, {@code coredump_filter}, {@code timerslack_ns} and {@code clear_refs} of a thread:
 * small files that can be written (Linux {@code fs/proc/base.c}, {@code fs/proc/task_mmu.c}).
 */
final class SettingFiles {

  /** {@code MMF_DUMP_FILTER_BITS}. */
  private static final int DUMP_FILTER_BITS = 9;

  /** {@code TASK_COMM_LEN} without its NUL. */
  private static final int COMM_BYTES = 15;

  private final ProcessView process;
  private final SystemView system;

  SettingFiles(ProcessView process, SystemView system) {
    this.process = process;
    this.system = system;
  }

  /** {@code clear_refs_write}. */
  long writeClearRefs(byte[] written) {
    long type = WrittenNumber.parseInt(WrittenNumber.text(written), 10);
    long error = WrittenNumber.error(type);
    if (error != 0) {
      return error;
    }
    if (!ClearRefs.exists(type)) {
      return -Errno.EINVAL;
    }
    MmStruct mm = process.mm();
    if (mm != null) {
      ClearRefs.run(mm, (int) type);
    }
    return written.length;
  }

  String comm() {
    return process.comm() + "\n";
  }

  /** {@code comm_write}: threads of a process name one another. */
  long writeComm(byte[] written) {
    if (!PtraceAccess.isSelf(system, process)) {
      return -Errno.EINVAL;
    }
    int bytes = Math.min(written.length, COMM_BYTES);
    String name = new String(written, 0, bytes, StandardCharsets.ISO_8859_1);
    int end = name.indexOf(0);
    process.settings().setComm(end < 0 ? name : name.substring(0, end));
    return written.length;
  }

  /** {@code proc_coredump_filter_read}: nothing without memory. */
  String coredumpFilter() {
    return process.mm() == null ? "" : "%08x\n".formatted(process.settings().coredumpFilter());
  }

  /** {@code proc_coredump_filter_write}. */
  long writeCoredumpFilter(byte[] written) {
    long value = WrittenNumber.parseUnsigned(WrittenNumber.text(written), 0);
    long error = WrittenNumber.error(value);
    if (error != 0 || value > 0xffff_ffffL) {
      return error != 0 ? error : -Errno.ERANGE;
    }
    if (process.mm() == null) {
      return -Errno.ESRCH;
    }
    process.settings().setCoredumpFilter((int) value & ((1 << DUMP_FILTER_BITS) - 1));
    return written.length;
  }

  /** {@code timerslack_ns_show}: that of others takes CAP_SYS_NICE. */
  String timerSlack() throws ErrnoException {
    if (!maySetSlack()) {
      throw new ErrnoException(Errno.EPERM);
    }
    return process.settings().timerSlackNanos() + "\n";
  }

  /** {@code timerslack_ns_write}. */
  long writeTimerSlack(byte[] written) {
    long value = WrittenNumber.parseUnsigned(WrittenNumber.text(written), 10);
    long error = WrittenNumber.error(value);
    if (error != 0) {
      return error;
    }
    if (!maySetSlack()) {
      return -Errno.EPERM;
    }
    process.settings().setTimerSlackNanos(value);
    return written.length;
  }

  private boolean maySetSlack() {
    ProcessView current = system.current();
    return PtraceAccess.isRoot(system) || (current != null && current.pid() == process.pid());
  }
}
