package org.memarium.kernel.vfs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.HostFiles;
import org.memarium.mm.Errno;
import org.memarium.mm.file.PageCache;

/**
 * What all inodes of the view of the host share: the table that makes two names of one file one
 * inode, numbers for new inodes, the clock, the page cache and the overlay's budget.
 */
final class HostView {

  /** Identity of a file of the host. */
  private record Key(long dev, long ino) {}

  /**
   * File systems through which a program could reach into this very JVM (its memory, its open
   * files): where one is mounted inside the view, it is closed.
   */
  private static final Set<String> CLOSED_FILE_SYSTEMS = Set.of("proc");

  private static final long OVERLAYFS_SUPER_MAGIC = 0x794c7630;

  /** {@code inode_hashtable}: by device and number; never listed but for writing back. */
  private final Map<Key, Inode> inodes = new LinkedHashMap<>();

  /** {@code s_inode_lru}: those that no dentry names, the one longest unused first. */
  private final Set<Inode> unused = new LinkedHashSet<>();

  private final Map<Long, Boolean> closedDevices = new HashMap<>();
  private final HostFiles host = new HostFiles();
  private final Set<FileChannel> channels = new LinkedHashSet<>();
  private final LongSupplier clockNanos;
  private final @Nullable PageCache pageCache;
  private final long overlayPages;
  private long overlayPagesUsed;
  private @Nullable String loss;

  // Numbers count down from the top of 32 bits, far from those that file systems give: programs
  // without large-file support still see them, and they hardly meet one of the host's.
  private long nextIno = 0xffff_fff0L;

  HostView(LongSupplier clockNanos, @Nullable PageCache pageCache, long overlayBytes) {
    this.clockNanos = clockNanos;
    this.pageCache = pageCache;
    this.overlayPages = overlayBytes / OverlayData.PAGE_BYTES;
  }

  long nowNanos() {
    return clockNanos.getAsLong();
  }

  /** The calls of the host's kernel. */
  HostFiles host() {
    return host;
  }

  /**
   * What the host says of a path; a symbolic link is not followed.
   *
   * @return null if there is no such file
   */
  @Nullable HostAttributes attributes(Path path) throws ErrnoException {
    byte[] bytes = HostNames.toBytes(HostNames.fromPath(path));
    return HostAttributes.read(host, HostFiles.AT_FDCWD, bytes);
  }

  @Nullable PageCache pageCache() {
    return pageCache;
  }

  /** {@code shmem_default_max_blocks}: half of the machine's memory; 0 without a machine. */
  long halfOfMemoryPages() {
    return pageCache == null ? 0 : pageCache.totalRamPages() / 2;
  }

  long newIno() {
    return nextIno--;
  }

  /** Whether the overlay has room for one more page, and takes it. */
  boolean takeOverlayPage() {
    if (overlayPagesUsed >= overlayPages) {
      return false;
    }
    overlayPagesUsed++;
    return true;
  }

  void giveOverlayPages(long pages) {
    overlayPagesUsed -= pages;
  }

  /** {@code ilookup}: the inode that was looked up under some name of this file, or null. */
  @Nullable Inode cached(HostAttributes host) {
    Inode inode = inodes.get(new Key(host.dev(), host.ino()));
    return inode != null && inode.isSame(host) ? inode : null;
  }

  /** {@code insert_inode_hash}: so that other names of the file lead to this inode too. */
  void cache(Inode inode) {
    inodes.put(new Key(inode.dev(), inode.ino()), inode);
  }

  /** {@code remove_inode_hash}: its last name is gone. */
  void uncache(Inode inode) {
    inodes.remove(new Key(inode.dev(), inode.ino()), inode);
    unused.remove(inode);
  }

  /**
   * {@code inode_add_lru}: no dentry names it, and it can be made again from what the host says.
   */
  void addUnused(Inode inode) {
    unused.add(inode);
  }

  /** {@code iput_final} of a file that the host has: it stays, to be made again from that. */
  boolean keepsUnused(Inode inode) {
    if (inode.nlink == 0) {
      return false;
    }
    unused.add(inode);
    return true;
  }

  /** How many inodes no dentry names. */
  long unusedInodes() {
    return unused.size();
  }

  /** A dentry names it again. */
  void removeUnused(Inode inode) {
    unused.remove(inode);
  }

  /**
   * {@code prune_icache_sb}: frees inodes that no dentry names, with the pages that are cached of
   * them.
   *
   * @param most how many to look at
   * @return how many were freed
   */
  long shrinkInodes(VfsCaches caches, long most) {
    long freed = 0;
    Iterator<Inode> each = unused.iterator();
    for (long looked = 0; looked < most && each.hasNext(); looked++) {
      Inode inode = each.next();
      if (inode.evict()) {
        each.remove();
        uncache(inode);
        inode.destroy(caches);
        freed++;
      }
    }
    return freed;
  }

  /** Inodes that are in the kernel's memory though no dentry names them. */
  List<Inode> withoutDentry() {
    return inodes.values().stream().filter(inode -> inode.isInCore() && inode.isUnused()).toList();
  }

  /** Refuses to enter a file system that leads into the host's processes. */
  void checkDevice(Path path, HostAttributes child, long parentDev) throws ErrnoException {
    if (child.dev() == parentDev) {
      return;
    }
    Boolean closed = closedDevices.get(child.dev());
    if (closed == null) {
      try {
        FileStore store = Files.getFileStore(path);
        closed = CLOSED_FILE_SYSTEMS.contains(store.type());
      } catch (IOException e) {
        throw HostErrors.of(e);
      }
      closedDevices.put(child.dev(), closed);
    }
    if (closed) {
      throw new ErrnoException(Errno.EACCES);
    }
  }

  /** Opens a file of the host for reading; what is not closed goes with the machine. */
  FileChannel open(Path lower) throws IOException {
    FileChannel channel =
        FileChannel.open(lower, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    channels.add(channel);
    return channel;
  }

  /** Closes a file of the host that was only read: nothing can be lost. */
  void close(FileChannel channel) {
    channels.remove(channel);
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException("a file of the host cannot be closed", e);
    }
  }

  /** Remembers that bytes of a mapping could not be written when their file was closed. */
  void lost(String path, long result) {
    if (loss == null) {
      loss = path + ": " + Errno.name(result);
    }
  }

  /**
   * Brings what is still in the page cache to the writable folders.
   *
   * @throws UncheckedIOException if something could not be written, now or when its file was closed
   */
  void close() {
    try {
      var _ = writeBack();
    } finally {
      host.closeAll();
      List.copyOf(channels).forEach(this::close);
    }
    if (loss != null) {
      throw new UncheckedIOException(new IOException("not everything was written: " + loss));
    }
  }

  /**
   * Brings what is in the page cache to the writable folders; what is lost is remembered.
   *
   * @return 0, or the error of the last file that could not be written
   */
  long writeBack() {
    if (pageCache != null) {
      pageCache.sync();
    }
    long error = 0;
    for (Inode inode : List.copyOf(inodes.values())) {
      if (inode instanceof WritableFile file) {
        long result = file.writeBack();
        if (result < 0) {
          lost(file.path(), result);
          error = result;
        }
      }
    }
    return error;
  }

  /** What statfs tells: a file system in memory, of the size of the overlay. */
  void statfs(Kstatfs out) {
    out.type = OVERLAYFS_SUPER_MAGIC;
    out.blockSizeBytes = OverlayData.PAGE_BYTES;
    out.blocks = overlayPages;
    out.blocksFree = overlayPages - overlayPagesUsed;
    out.blocksAvailable = out.blocksFree;
    out.files = 0;
    out.filesFree = 0;
  }

  /** The names in a folder of the host, in no order. */
  static List<String> names(Path folder) throws ErrnoException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      for (Path path : stream) {
        names.add(HostNames.fromPath(path.getFileName()));
      }
    } catch (DirectoryIteratorException e) {
      IOException cause = e.getCause();
      throw cause == null ? new ErrnoException(Errno.EIO) : HostErrors.of(cause);
    } catch (IOException e) {
      throw HostErrors.of(e);
    }
    return names;
  }
}
