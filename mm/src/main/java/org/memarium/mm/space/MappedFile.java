package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.FileRa;

/**
 * {@code struct file}, as far as {@code mmap} looks at it: one opening of a file.
 *
 * <p>Two areas merge only if they have the same {@code MappedFile} object, as two areas of Linux
 * must have the same {@code struct file}.
 */
public interface MappedFile {
  /** What a mapping of the file is. */
  enum MmapKind {
    /** Pages of the page cache: a regular file. */
    PAGE_CACHE,
    /** {@code /dev/zero}: anonymous memory. */
    ZERO,
    /** The file has no {@code mmap} operation: ENODEV. */
    NONE
  }

  /** What a mapping of it is. */
  MmapKind mmapKind();

  /** The file's page cache; asked only if {@link #mmapKind} is {@code PAGE_CACHE}. */
  AddressSpace mapping();

  /** {@code f_ra}: how this opening of the file is read ahead. */
  default FileRa readahead() {
    return mapping().readahead();
  }

  /** {@code FMODE_READ}: opened for reading. */
  boolean isReadable();

  /** {@code FMODE_WRITE}: opened for writing. */
  boolean isWritable();

  /** {@code path_noexec}: on a file system without execution. */
  default boolean isNoExec() {
    return false;
  }

  /** {@code F_SEAL_WRITE}: nothing is written to it any more, so no shared mapping is made. */
  default boolean isSealedAgainstWriting() {
    return false;
  }

  /** {@code F_SEAL_FUTURE_WRITE}: shared mappings that are made from now on cannot write. */
  default boolean isSealedAgainstFutureWriting() {
    return false;
  }

  /**
   * {@code vm_special_mapping}: what the kernel itself maps, as the vdso. On Linux it has no file,
   * although it has a name.
   */
  default boolean isSpecialMapping() {
    return false;
  }

  /**
   * Whether its areas have {@code vm_ops->map_pages}: a read fault maps neighbours of the page too,
   * as of files and tmpfs, but not of SysV shared memory, nor of what the kernel itself maps.
   */
  default boolean hasMapPages() {
    return !isSpecialMapping();
  }

  /**
   * {@code f_op->mmap}: what the file makes of the flags of an area that maps it.
   *
   * @param flags bits of {@link VmFlags}
   */
  default int areaFlags(int flags) {
    return flags;
  }

  /**
   * {@code vfs_fsync_range}, for {@code msync}: writes the pages [first, last] back.
   *
   * @return 0 or a negative errno
   */
  default long fsync(long first, long last) {
    return mapping().dirtyPages().writeBack(first, last);
  }

  /**
   * {@code vfs_fallocate} with {@code FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE}, for {@code
   * MADV_REMOVE}.
   *
   * @return 0 or a negative errno
   */
  default long punchHole(long at, long bytes) {
    return -Errno.EOPNOTSUPP;
  }

  /** {@code is_file_hugepages}: what the file is if its pages are huge, else null. */
  default @Nullable HugetlbPages hugePages() {
    return null;
  }

  /** {@code vm_ops->close}: somebody counts the areas, so that none may vanish in a merge. */
  default boolean countsAreas() {
    return false;
  }

  /**
   * {@code f_op->mmap}: what it says when the old areas are gone.
   *
   * @param pageOffset the first page of the file
   * @return 0, or the negative errno that refuses
   */
  default long mmapRefusal(long pageOffset) {
    return 0;
  }

  /** What {@code /proc/PID/maps} shows as the name. */
  String path();

  /** {@code get_file}, by a call that is under way and not by an area. */
  default void getFile() {
    get();
  }

  /** {@code fput}, of the same. */
  default void putFile() {
    put();
  }

  /** {@code get_file}: an area holds the file from now on; it outlives {@code close}. */
  void get();

  /** {@code fput}: an area lets go of it. */
  void put();
}
