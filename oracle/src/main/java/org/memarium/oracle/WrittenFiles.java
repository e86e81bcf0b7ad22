package org.memarium.oracle;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * Files on a disk that the host may have written back further than our side (oracle-written-files),
 * so that it has taken the right to write from more entries, and sees more page faults.
 *
 * <ul>
 *   <li>{@code msync} of a part writes whole folios.
 *   <li>ext4 writes a file that was cut to nothing back as soon as somebody closes it ({@code
 *       ext4_release_file}), so that a program that writes its files anew does not lose the old
 *       content without having the new one.
 * </ul>
 */
final class WrittenFiles {
  private static final int MS_SYNC = 4;
  private static final int O_TRUNC = 0x200;
  private static final int MADV_POPULATE_WRITE = 23;

  private final OurSide ours;
  private final Set<AddressSpace> files = Collections.newSetFromMap(new IdentityHashMap<>());

  /** Asks that side, which has one process. */
  WrittenFiles(OurSide ours) {
    this.ours = ours;
  }

  /** Learns of a step that our side has done. */
  void note(Step step, Outcome outcome) {
    int slot = step.process();
    boolean done = !outcome.isError();
    switch (step.call()) {
      // Up to where it fails it has written.
      case MSYNC -> {
        if ((step.argument(2) & MS_SYNC) != 0) {
          noteMapped(slot, step.unsigned(0), step.unsigned(1));
        }
      }
      case OPEN -> {
        if (done && (step.argument(1) & O_TRUNC) != 0) {
          note(ours.pagesOf(slot, outcome.result()));
        }
      }
      case FTRUNCATE64 -> {
        if (done && step.argument(1) == 0 && step.argument(2) == 0) {
          note(ours.pagesOf(slot, step.argument(0)));
        }
      }
      default -> {}
    }
  }

  private void noteMapped(int slot, long at, long bytes) {
    for (@Nullable Vma area = ours.mm(slot).findVma(at); area != null; area = area.next()) {
      if (area.start() >= at + bytes) {
        return;
      }
      note(area.mapping());
    }
  }

  private void note(@Nullable AddressSpace file) {
    if (file != null && file.store().isPersistent()) {
      files.add(file);
    }
  }

  /**
   * How many pages of such files a step will write to through shared mappings: it may cause as many
   * page faults more on the host.
   */
  int pages(Step step) {
    return files.isEmpty() ? 0 : pagesWritten(step);
  }

  private int pagesWritten(Step step) {
    int slot = step.process();
    return switch (step.call()) {
      case WRITE_BYTE -> pagesOfFiles(slot, step.unsigned(0), 1);
      case WRITE_INT -> pagesOfFiles(slot, step.unsigned(0), 4);
      case MINCORE -> pagesOfFiles(slot, step.unsigned(2), 1 + step.unsigned(1) / 4096);
      case PREAD64 -> pagesOfFiles(slot, step.unsigned(1), step.unsigned(2));
      case PWRITE64 -> pagesOfMemory(step.unsigned(3), step.unsigned(2));
      case PRLIMIT64 -> pagesOfFiles(slot, step.unsigned(3), Pointers.RLIMIT64_BYTES);
      case GETRLIMIT, UGETRLIMIT -> pagesOfFiles(slot, step.unsigned(1), Pointers.RLIMIT_BYTES);
      case SHMCTL -> pagesOfFiles(slot, step.unsigned(2), Pointers.SHMINFO_BYTES);
      case SET_THREAD_AREA, GET_THREAD_AREA ->
          pagesOfFiles(slot, step.unsigned(0), Pointers.USER_DESC_BYTES);
      case MODIFY_LDT ->
          pagesOfFiles(slot, step.unsigned(1), Math.min(step.unsigned(2), Pointers.LDT_BYTES));
      case PROCESS_VM_READV -> iovecPagesOfFiles(slot, slot, step.argument(1), step.argument(2));
      case PROCESS_VM_WRITEV ->
          iovecPagesOfFiles(slot, step.argument(0), step.argument(3), step.argument(4));
      case MADVISE ->
          step.argument(2) == MADV_POPULATE_WRITE
              ? pagesOfFiles(slot, step.unsigned(0), step.unsigned(1))
              : 0;
      default -> 0;
    };
  }

  /** Through a process's file {@code mem}, whosever it is. */
  private int pagesOfMemory(long at, long bytes) {
    int pages = 0;
    for (int slot = 0; slot < Mailbox.SLOTS; slot++) {
      pages += ours.isAlive(slot) ? pagesOfFiles(slot, at, bytes) : 0;
    }
    return pages;
  }

  private int iovecPagesOfFiles(int slot, int target, int address, int count) {
    int pages = 0;
    boolean exists = target >= 0 && target < Mailbox.SLOTS && ours.isAlive(target);
    for (int i = 0; i < count && exists; i++) {
      long at = Integer.toUnsignedLong(address) + 8L * i;
      long bytes = Integer.toUnsignedLong(ours.peek(slot, at + 4));
      pages += pagesOfFiles(target, Integer.toUnsignedLong(ours.peek(slot, at)), bytes);
    }
    return pages;
  }

  private int pagesOfFiles(int slot, long at, long bytes) {
    long pages = 0;
    for (@Nullable Vma area = ours.mm(slot).findVma(at); area != null; area = area.next()) {
      if (area.start() >= at + bytes) {
        break;
      }
      AddressSpace mapping = area.mapping();
      if (area.has(VmFlags.SHARED) && mapping != null && files.contains(mapping)) {
        long start = Math.max(at, area.start()) / 4096;
        pages += (Math.min(at + bytes, area.end()) + 4095) / 4096 - start;
      }
    }
    return (int) pages;
  }
}
