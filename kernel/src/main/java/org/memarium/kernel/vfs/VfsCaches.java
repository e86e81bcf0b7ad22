package org.memarium.kernel.vfs;

import java.util.EnumMap;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabFlags;

/**
 * Where the descriptors of files come from: {@code dentry}, {@code filp}, the inode caches of the
 * file systems, and kmalloc for what has no cache of its own (Linux {@code fs/dcache.c}, {@code
 * fs/file_table.c}, {@code fs/file.c}).
 *
 * <p>Each descriptor is a Java object that holds one object of its cache, as a linear address; 0 is
 * none. Without a machine every address is 0, and nothing ever runs out.
 */
public final class VfsCaches {
  /** Made here, as a file system's module makes its own: Debian's kernel has no hostfs. */
  private static final String HOST_INODES = InodeKind.HOST.cache;

  /** {@code sizeof(struct hostfs_inode_info)}: an inode, a mutex, and two words. */
  private static final int HOST_INODE_BYTES = 440;

  private static final int WIDE_HOST_INODE_BYTES = 680;

  /** {@code DNAME_INLINE_LEN}, without the NUL, of 32 bits. */
  private static final int INLINE_NAME_BYTES = 35;

  /** What stands before the name in {@code struct external_name}. */
  private static final int EXTERNAL_NAME_BYTES = 8;

  private final @Nullable SlabAllocator slab;

  /** Where the bytes of pipes and sockets are. */
  final BufferPages pages;

  final @Nullable KmemCache dentry;
  final @Nullable KmemCache filp;
  final @Nullable KmemCache filesStruct;
  final @Nullable KmemCache fsStruct;
  final @Nullable KmemCache names;
  final @Nullable KmemCache unixSock;
  final @Nullable KmemCache fileLock;
  final @Nullable KmemCache socketBuffer;
  final @Nullable KmemCache eventPollItem;
  final @Nullable KmemCache eventPollEntry;
  private final int wordBytes;
  private final EnumMap<InodeKind, KmemCache> inodes = new EnumMap<>(InodeKind.class);

  /** The file systems, by the cache that their inodes come from. */
  enum InodeKind {
    /** Those without one of their own: pipes, terminals, /sys. */
    GENERIC("inode_cache"),
    /** Files in memory: tmpfs, devtmpfs, and what programs make in the overlay. */
    SHMEM("shmem_inode_cache"),
    /** Files of huge pages. */
    HUGETLB("hugetlbfs_inode_cache"),
    PROC("proc_inode_cache"),
    SOCKET("sock_inode_cache"),
    /** Files of the host. */
    HOST("hostfs_inode_cache");

    private final String cache;

    InodeKind(String cache) {
      this.cache = cache;
    }
  }

  /**
   * The caches of a machine.
   *
   * @param slab null: there is none
   */
  VfsCaches(@Nullable SlabAllocator slab) {
    this.slab = slab;
    this.pages = new BufferPages(slab == null ? null : slab.pages());
    this.wordBytes = slab == null ? Integer.BYTES : wordBytes(slab);
    this.dentry = cache("dentry");
    this.filp = cache("filp");
    this.filesStruct = cache("files_cache");
    this.fsStruct = cache("fs_cache");
    this.names = cache("names_cache");
    this.unixSock = cache("UNIX");
    this.fileLock = cache("file_lock_cache");
    this.socketBuffer = cache("skbuff_head_cache");
    this.eventPollItem = cache("eventpoll_epi");
    this.eventPollEntry = cache("eventpoll_pwq");
    for (InodeKind kind : InodeKind.values()) {
      KmemCache cache = kind == InodeKind.HOST ? hostInodes(slab) : cache(kind.cache);
      if (cache != null) {
        inodes.put(kind, cache);
      }
    }
  }

  private static @Nullable KmemCache hostInodes(@Nullable SlabAllocator slab) {
    if (slab == null) {
      return null;
    }
    boolean wide = wordBytes(slab) == Long.BYTES;
    int bytes = wide ? WIDE_HOST_INODE_BYTES : HOST_INODE_BYTES;
    int flags = SlabFlags.RECLAIM_ACCOUNT | SlabFlags.MEM_SPREAD | SlabFlags.ACCOUNT;
    Ram ram = slab.pages().ram();
    long pageOffset = slab.pages().architecture().pageOffset();
    KmemCache made =
        slab.kmemCacheCreate(
            HOST_INODES,
            bytes,
            0,
            flags | SlabFlags.PANIC,
            object -> ram.fill(object - pageOffset, bytes, (byte) 0));
    return Objects.requireNonNull(made);
  }

  private static int wordBytes(SlabAllocator slab) {
    return slab.pages().architecture().pageOffset() >>> Integer.SIZE == 0
        ? Integer.BYTES
        : Long.BYTES;
  }

  private @Nullable KmemCache cache(String name) {
    return slab == null ? null : slab.kernelCaches().get(name);
  }

  /** Whether there is a machine whose memory all this comes from. */
  boolean isMachine() {
    return slab != null;
  }

  /** Bytes of a kernel's word. */
  int wordBytes() {
    return wordBytes;
  }

  @Nullable KmemCache inodes(InodeKind kind) {
    return inodes.get(kind);
  }

  /**
   * {@code struct external_name}: a name of more than {@link #INLINE_NAME_BYTES} does not fit into
   * its dentry.
   *
   * @return its object of kmalloc, 0 if it needs none
   */
  long allocName(String name) throws ErrnoException {
    if (slab == null || name.length() <= INLINE_NAME_BYTES) {
      return 0;
    }
    long object =
        slab.kmalloc()
            .kmalloc(
                EXTERNAL_NAME_BYTES + name.length() + 1, Gfp.GFP_KERNEL_ACCOUNT | Gfp.RECLAIMABLE);
    if (object == 0) {
      throw new ErrnoException(Errno.ENOMEM);
    }
    return object;
  }

  /**
   * {@code kvmalloc} and its kin with GFP_KERNEL_ACCOUNT.
   *
   * @param errno the error if there is no memory
   * @return 0 where there is no machine
   */
  long kmalloc(long bytes, int errno) throws ErrnoException {
    if (slab == null) {
      return 0;
    }
    long object = slab.kmalloc().kmalloc(bytes, Gfp.GFP_KERNEL_ACCOUNT);
    if (object == 0) {
      throw new ErrnoException(errno);
    }
    return object;
  }

  /** Reads bytes of an object of {@link #kmalloc}, by its linear address. */
  void readObject(long address, byte[] to, int offset, int count) {
    if (slab != null) {
      slab.pages().ram().read(physical(slab, address), to, offset, count);
    }
  }

  /** Writes bytes to an object of {@link #kmalloc}. */
  void writeObject(long address, byte[] from, int offset, int count) {
    if (slab != null) {
      slab.pages().ram().write(physical(slab, address), from, offset, count);
    }
  }

  private static long physical(SlabAllocator slab, long address) {
    return address - slab.pages().architecture().pageOffset();
  }

  /** {@code kfree}; 0 is nothing. */
  void kfree(long object) {
    if (slab != null && object != 0) {
      slab.kmalloc().kfree(object);
    }
  }

  /** {@code kmem_cache_alloc} with GFP_KERNEL; ENOMEM if there is no memory. */
  static long alloc(@Nullable KmemCache cache) throws ErrnoException {
    return alloc(cache, Errno.ENOMEM);
  }

  /** The same, with another error, as some calls have it. */
  static long alloc(@Nullable KmemCache cache, int errno) throws ErrnoException {
    if (cache == null) {
      return 0;
    }
    long object = cache.alloc(Gfp.GFP_KERNEL);
    if (object == 0) {
      throw new ErrnoException(errno);
    }
    return object;
  }

  /** {@code kmem_cache_free}; 0 is nothing. */
  static void free(@Nullable KmemCache cache, long object) {
    if (cache != null && object != 0) {
      cache.free(object);
    }
  }
}
