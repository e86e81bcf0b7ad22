package org.memarium.kernel.vfs;

import java.io.IOException;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.BackingStore;

/** The bytes of a regular file behind its page cache, as {@code mm.file} wants to see them. */
final class RegularFileStore implements BackingStore {

  private final RegularFile file;
  private final byte[] page = new byte[Ram.PAGE_SIZE];
  private int lastErrno = Errno.EIO;

  RegularFileStore(RegularFile file) {
    this.file = file;
  }

  /**
   * The result of a call on the page cache, which knows no error but EIO, with the error that the
   * store had in fact: ENOSPC, say.
   */
  long precise(long result) {
    if (result != -Errno.EIO) {
      return result;
    }
    int errno = lastErrno;
    lastErrno = Errno.EIO;
    return -errno;
  }

  private IOException noted(IOException failure) {
    lastErrno = HostErrors.errno(failure);
    return failure;
  }

  @Override
  public long device() {
    return file.dev();
  }

  @Override
  public long inode() {
    return file.ino();
  }

  @Override
  public long bytes() {
    return file.storeBytes();
  }

  @Override
  public void readPage(long index, Ram ram, int pfn, int count) throws IOException {
    try {
      file.readStore(index << Ram.PAGE_SHIFT, page, 0, count);
    } catch (IOException failure) {
      throw noted(failure);
    }
    ram.write((long) pfn << Ram.PAGE_SHIFT, page, 0, count);
  }

  @Override
  public void writePage(long index, Ram ram, int pfn, int count) throws IOException {
    ram.read((long) pfn << Ram.PAGE_SHIFT, page, 0, count);
    try {
      file.writeStore(index << Ram.PAGE_SHIFT, page, 0, count);
    } catch (IOException failure) {
      throw noted(failure);
    }
  }

  @Override
  public boolean hasBlock(long index) {
    return file.hasBlock(index);
  }

  @Override
  public boolean isHole(long index) {
    return file.isHole(index);
  }

  @Override
  public void wroteBack(long index) {
    file.wroteBack(index);
  }

  @Override
  public boolean isPersistent() {
    return !file.isShmem();
  }

  @Override
  public int errno(IOException failure) {
    return HostErrors.errno(failure);
  }

  @Override
  public boolean isCold() {
    return file.isCold();
  }

  @Override
  public boolean isShmem() {
    return file.isShmem();
  }

  @Override
  public boolean isCommittedByPage() {
    return file.isShmem();
  }

  @Override
  public boolean chargePage() {
    return file.chargePage();
  }

  @Override
  public void unchargePage() {
    file.unchargePage();
  }

  @Override
  public void setBytes(long bytes) throws IOException {
    try {
      file.setStoreBytes(bytes);
    } catch (IOException failure) {
      throw noted(failure);
    }
  }
}
