package org.memarium.kernel.syscall;

import org.memarium.hardware.Ram;
import org.memarium.kernel.process.Task;
import org.memarium.mm.Errno;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * {@code process_vm_readv} and {@code process_vm_writev}: copies between the caller's memory and
 * that of another process; Linux {@code mm/process_vm_access.c}.
 *
 * <p>The other's pages are brought in as if it had touched them, up to two pages full of pointers
 * to them at a time, before the first of them is copied. What was copied before the first byte that
 * could not be is the result.
 */
final class ProcessVmCalls {
  /** {@code PVM_MAX_KMALLOC_PAGES}: pages for pointers to pages. */
  private static final int POINTER_BYTES_AT_ONCE = 2 * Ram.PAGE_SIZE;

  private final Kernel kernel;
  private final byte[] page = new byte[Ram.PAGE_SIZE];

  ProcessVmCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set(
        "process_vm_readv",
        (pid, local, locals, remote, remotes, flags) ->
            transfer(pid, local, locals, remote, remotes, flags, false));
    table.set(
        "process_vm_writev",
        (pid, local, locals, remote, remotes, flags) ->
            transfer(pid, local, locals, remote, remotes, flags, true));
  }

  /** {@code process_vm_rw}. */
  private long transfer(
      int pid, int local, int locals, int remote, int remotes, int flags, boolean write) {
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    UserBuffer buffer = UserBuffer.vector(kernel.memory(), local, locals);
    if (buffer.left() == 0) {
      return 0;
    }
    RemotePieces pieces = RemotePieces.copyIn(kernel.memory(), remote, remotes);
    if (pieces.areEmpty()) {
      return 0;
    }
    Task target = kernel.tasks().find(pid);
    MmStruct mm = target == null ? null : target.mm();
    if (target == null || mm == null) {
      return -Errno.ESRCH;
    }
    if (!mm.equals(kernel.task().mm()) && !Permissions.mayInspect(kernel.task(), target)) {
      return -Errno.EPERM;
    }
    long before = buffer.left();
    long error = 0;
    for (int i = 0; i < pieces.count() && buffer.left() > 0 && error == 0; i++) {
      error = transferPiece(mm, pieces.address(i), pieces.bytes(i), buffer, write);
    }
    long done = before - buffer.left();
    return done > 0 ? done : error;
  }

  /** {@code process_vm_rw_single_vec}: 0 or a negative errno. */
  private long transferPiece(
      MmStruct mm, long address, long bytes, UserBuffer buffer, boolean write) {
    long at = address;
    long end = address + bytes;
    long most = ((long) POINTER_BYTES_AT_ONCE / kernel.wordBytes()) << Ram.PAGE_SHIFT;
    while (at < end && buffer.left() > 0) {
      long stop = Math.min(end, (at & -(long) Ram.PAGE_SIZE) + most);
      stop = pin(mm, at, stop, write);
      if (stop == at) {
        return -Errno.EFAULT;
      }
      while (at < stop && buffer.left() > 0) {
        int inPage = (int) (at & (Ram.PAGE_SIZE - 1));
        int chunk = (int) Math.min(stop - at, Ram.PAGE_SIZE - inPage);
        chunk = piece(mm, at, (int) Math.min(chunk, buffer.left()), buffer, write);
        int copied = write ? copyTo(mm, at, chunk, buffer) : copyFrom(mm, at, chunk, buffer);
        if (copied < chunk) {
          return -Errno.EFAULT;
        }
        at += chunk;
      }
    }
    return 0;
  }

  /**
   * How many bytes to copy at once where both sides may be the same page: upwards byte by byte, as
   * Linux copies, what was copied is copied on. No piece is target first and source later, so none
   * goes on in the caller's next buffer either.
   */
  private int piece(MmStruct mm, long remote, int bytes, UserBuffer buffer, boolean write) {
    long local = buffer.address();
    int inPage = (int) (local & (Ram.PAGE_SIZE - 1));
    int most = (int) Math.min(bytes, buffer.leftInPiece());
    int piece = Math.min(most, Ram.PAGE_SIZE - inPage);
    MmStruct own = kernel.task().requireMm();
    long mine = own.pages().tables().pte(local);
    if (!Pte.isPresent(mine)) {
      Vma area = own.findVma(local);
      if (area == null || area.mapping() == null) {
        return piece;
      }
      // The copy would fault it in all the same.
      if (write) {
        var _ = kernel.memory().copyFromUser(local, page, 0, 1);
      } else {
        var _ = kernel.memory().canWrite(local);
      }
      mine = own.pages().tables().pte(local);
    }
    if (!Pte.isPresent(mine) || Pte.pfn(mine) != Pte.pfn(mm.pages().tables().pte(remote))) {
      return piece;
    }
    int theirs = (int) (remote & (Ram.PAGE_SIZE - 1));
    int distance = write ? theirs - inPage : inPage - theirs;
    return distance > 0 ? Math.min(piece, distance) : piece;
  }

  /** {@code pin_user_pages_remote}: brings pages in; answers where the first is that cannot be. */
  private long pin(MmStruct mm, long start, long end, boolean write) {
    long at = start;
    while (at < end) {
      int frame = frame(mm, at, write);
      if (frame < 0) {
        return at;
      }
      if (write) {
        // unpin_user_pages_dirty_lock, whatever will be written.
        kernel.faults().gup().setPageDirty(frame);
      }
      at = (at & -(long) Ram.PAGE_SIZE) + Ram.PAGE_SIZE;
    }
    return end;
  }

  /** The frame of a page that the other process may use so itself, or a negative errno. */
  private int frame(MmStruct mm, long address, boolean write) {
    Vma area = mm.findVma(address);
    int right = write ? VmFlags.WRITE : VmFlags.READ;
    if (area == null || !area.contains(address) || !area.has(right) || isOfDevice(area)) {
      return -Errno.EFAULT;
    }
    return kernel.faults().gup().pinUserPage(mm, address, write);
  }

  private static boolean isOfDevice(Vma area) {
    return area.has(VmFlags.IO);
  }

  private int copyFrom(MmStruct mm, long address, int count, UserBuffer buffer) {
    int frame = frame(mm, address, false);
    if (frame < 0) {
      return 0;
    }
    ram().read(physical(frame, address), page, 0, count);
    return buffer.copyOut(page, 0, count);
  }

  /** The caller's page may fault, so that the other's is looked up after it was copied. */
  private int copyTo(MmStruct mm, long address, int count, UserBuffer buffer) {
    int copied = buffer.copyIn(page, 0, count);
    int frame = frame(mm, address, true);
    if (frame < 0) {
      buffer.back(copied);
      return 0;
    }
    ram().write(physical(frame, address), page, 0, copied);
    return copied;
  }

  private Ram ram() {
    return kernel.cpu().mmu().ram();
  }

  private static long physical(int frame, long address) {
    return ((long) frame << Ram.PAGE_SHIFT) + (address & (Ram.PAGE_SIZE - 1));
  }
}
