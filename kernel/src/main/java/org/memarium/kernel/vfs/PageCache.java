package org.memarium.kernel.vfs;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.BackingStore;

/**
 * Where the pages of regular files are kept: in the machine's RAM, by {@code mm.file}.
 *
 * <p>{@link #NONE} keeps none: reads and writes go to the store. Nothing can be mapped then; it is
 * for looking at files without a machine.
 */
@FunctionalInterface
public interface PageCache {

  /** No page cache. */
  PageCache NONE = _ -> null;

  /** Makes the {@code address_space} of one file; null if there is no page cache. */
  @Nullable AddressSpace addressSpace(BackingStore store);

  /** The bytes of a regular file behind its page cache, as {@code mm.file} wants to see them. */
  final class Store implements BackingStore {
    private final RegularFile file;
    private boolean disconnected;
    private final byte[] page = new byte[Ram.PAGE_SIZE];

    Store(RegularFile file) {
      this.file = file;
    }

    /** Lets the cache be emptied without a change to the file. */
    void disconnect() {
      disconnected = true;
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
    public long bytes() throws IOException {
      return file.storeBytes();
    }

    @Override
    public void readPage(long index, Ram ram, int pfn, int count) throws IOException {
      file.readStore(index << Ram.PAGE_SHIFT, page, 0, count);
      ram.write((long) pfn << Ram.PAGE_SHIFT, page, 0, count);
    }

    @Override
    public void writePage(long index, Ram ram, int pfn, int count) throws IOException {
      ram.read((long) pfn << Ram.PAGE_SHIFT, page, 0, count);
      file.writeStore(index << Ram.PAGE_SHIFT, page, 0, count);
    }

    @Override
    public void setBytes(long bytes) throws IOException {
      if (!disconnected) {
        file.setStoreBytes(bytes);
      }
    }
  }
}
