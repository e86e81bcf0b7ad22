package org.memarium.mm.space;

import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.KmemCache;

/**
 * {@code alloc_file_pseudo}: a file of memory that the kernel makes for itself, and that is in no
 * directory: it holds an inode, an entry and an open file of their caches.
 */
public abstract class NamelessFile implements MappedFile {
  final MemoryManager memory;
  private final String path;
  private @Nullable AddressSpace mapping;
  private int references;
  private long inode;
  private long inodeSlot;
  private long dentrySlot;
  private long fileSlot;

  /**
   * A file; {@link #setUp} makes it one.
   *
   * @param path as maps shows it
   */
  NamelessFile(MemoryManager memory, String path) {
    this.memory = memory;
    this.path = path;
  }

  /** Which cache its inode comes from. */
  abstract KmemCache inodes();

  /** Makes its page cache. */
  abstract AddressSpace open(LongSupplier inodeNumber);

  /** Pages that it charges to committed memory while it lives. */
  long chargedPages() {
    return 0;
  }

  /**
   * Makes the file for whoever runs in an address space; the kernel holds it.
   *
   * @return 0; -ENOMEM if so much may not be committed; otherwise as {@link #setUp}
   */
  public final long hold(MmStruct mm) {
    if (!memory.committedMemory().isEnoughFor(mm, chargedPages())) {
      return -Errno.ENOMEM;
    }
    long error = setUp();
    if (error == 0) {
      memory.holdFile(this);
      get();
    }
    return error;
  }

  /** {@code fput}: the kernel does not hold the file any more. */
  public final void release() {
    memory.releaseFile(this);
    put();
  }

  /** Sets {@code i_ino}, which maps shows. */
  public final void setInode(long number) {
    inode = number;
  }

  /**
   * {@code __shmem_file_setup}, {@code hugetlb_file_setup}.
   *
   * @return 0; -ENOSPC if there is no memory for the inode, as Linux says; -ENOMEM if there is none
   *     for the rest; of a failure nothing is left
   */
  final long setUp() {
    DescriptorCaches caches = memory.descriptors;
    inodeSlot = inodes().alloc(Gfp.GFP_KERNEL);
    if (inodeSlot == 0) {
      return -Errno.ENOSPC;
    }
    dentrySlot = caches.dentry.alloc(Gfp.GFP_KERNEL);
    fileSlot = dentrySlot == 0 ? 0 : caches.filp.alloc(Gfp.GFP_KERNEL);
    if (fileSlot == 0) {
      if (dentrySlot != 0) {
        caches.dentry.free(dentrySlot);
      }
      inodes().free(inodeSlot);
      return -Errno.ENOMEM;
    }
    mapping = open(() -> inode);
    memory.committedMemory().commit(chargedPages());
    return 0;
  }

  @Override
  public final MmapKind mmapKind() {
    return MmapKind.PAGE_CACHE;
  }

  @Override
  public final AddressSpace mapping() {
    return Objects.requireNonNull(mapping);
  }

  @Override
  public final boolean isReadable() {
    return true;
  }

  @Override
  public final boolean isWritable() {
    return true;
  }

  @Override
  public final String path() {
    return path;
  }

  @Override
  public final void get() {
    references++;
  }

  @Override
  public final void put() {
    if (--references == 0) {
      mapping().evict();
      memory.committedMemory().uncommit(chargedPages());
      memory.descriptors.filp.free(fileSlot);
      memory.descriptors.dentry.free(dentrySlot);
      inodes().free(inodeSlot);
    }
  }
}
