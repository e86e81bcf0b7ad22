package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;

/**
 * {@code struct task_io_accounting}: what a task has read and written, by its calls and from the
 * disks (Linux {@code include/linux/task_io_accounting_ops.h}).
 */
public final class TaskIo {
  private static final int SECTOR_SHIFT = 9;

  /** Who knows what the task has done since it runs; null before it has, and for sums. */
  private @Nullable IoMeter meter;

  private long readChars;
  private long writtenChars;
  private long readCalls;
  private long writeCalls;
  private long readBytes;
  private long writtenBytes;
  private long cancelledBytes;

  TaskIo() {}

  void setMeter(IoMeter machine) {
    meter = machine;
  }

  /** {@code add_rchar}, {@code inc_syscr}: a call that reads has ended, with so many bytes. */
  public void read(long bytes) {
    readChars += bytes;
    readCalls++;
  }

  /** {@code add_wchar}, {@code inc_syscw}: a call that writes has ended, with so many bytes. */
  public void wrote(long bytes) {
    writtenChars += bytes;
    writeCalls++;
  }

  /** {@code task_io_account_read}, {@code task_io_account_write} and their kin. */
  void moved(long bytesRead, long pagesDirtied, long pagesCancelled) {
    readBytes += bytesRead;
    writtenBytes += pagesDirtied << Ram.PAGE_SHIFT;
    cancelledBytes += pagesCancelled << Ram.PAGE_SHIFT;
  }

  /** {@code task_io_accounting_add}. */
  void add(TaskIo other) {
    other.charge();
    readChars += other.readChars;
    writtenChars += other.writtenChars;
    readCalls += other.readCalls;
    writeCalls += other.writeCalls;
    readBytes += other.readBytes;
    writtenBytes += other.writtenBytes;
    cancelledBytes += other.cancelledBytes;
  }

  private void charge() {
    if (meter != null) {
      meter.charge();
    }
  }

  /** {@code task_io_get_inblock}: sectors of 512 bytes that came from a disk. */
  long inBlocks() {
    charge();
    return readBytes >> SECTOR_SHIFT;
  }

  /** {@code task_io_get_oublock}: sectors of pages that became dirty, and go to a disk some day. */
  long outBlocks() {
    charge();
    return writtenBytes >> SECTOR_SHIFT;
  }

  /** {@code do_io_accounting}: what {@code /proc/PID/io} prints. */
  String text() {
    charge();
    return "rchar: %d\nwchar: %d\nsyscr: %d\nsyscw: %d\n"
            .formatted(readChars, writtenChars, readCalls, writeCalls)
        + "read_bytes: %d\nwrite_bytes: %d\ncancelled_write_bytes: %d\n"
            .formatted(readBytes, writtenBytes, cancelledBytes);
  }
}
