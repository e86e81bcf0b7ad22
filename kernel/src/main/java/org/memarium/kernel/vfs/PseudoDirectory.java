package org.memarium.kernel.vfs;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * A directory of a {@link PseudoFileSystem}: entries that are always there, and, in a subclass,
 * entries that come and go.
 */
public class PseudoDirectory extends Directory {

  private final PseudoFileSystem fileSystem;
  private final Map<String, Inode> contents = new TreeMap<>();

  /** An empty directory with the given permissions. */
  public PseudoDirectory(PseudoFileSystem fileSystem, int permissions) {
    super(fileSystem.dev, fileSystem.newIno(), FileMode.S_IFDIR | permissions);
    this.fileSystem = fileSystem;
    atimeNanos = fileSystem.nowNanos();
    mtimeNanos = atimeNanos;
    ctimeNanos = atimeNanos;
  }

  @Override
  final VfsCaches.InodeKind kind() {
    return fileSystem.inodes();
  }

  /** The file system that it belongs to. */
  protected final PseudoFileSystem fileSystem() {
    return fileSystem;
  }

  /** Adds an entry that is always there. */
  public final void add(String name, Inode inode) {
    contents.put(name, inode);
    if (inode.isDirectory()) {
      nlink++;
    }
  }

  /** Removes an entry; who has it open keeps it. */
  final void remove(String name) {
    contents.remove(name);
  }

  /** Sets whose directory it is. */
  public final void setOwner(int ownerUid, int ownerGid) {
    uid = ownerUid;
    gid = ownerGid;
  }

  /** An entry that comes and goes, or null. */
  protected @Nullable Inode dynamicChild(String name) {
    return null;
  }

  /** The names of the entries that come and go. */
  protected List<String> dynamicNames() {
    return List.of();
  }

  @Override
  protected final @Nullable Dentry lookup(String name) throws ErrnoException {
    Inode inode = contents.get(name);
    if (inode == null) {
      inode = dynamicChild(name);
    }
    Dentry known = cachedPositive(name);
    if (known != null && inode != null && known.inode().equals(inode)) {
      return known;
    }
    if (known != null) {
      known.unpin();
      known.invalidate();
    }
    return inode == null ? null : enter(name, inode);
  }

  /** {@code proc_flush_pid}: what an entry that has gone leaves in the dcache goes, too. */
  protected final void forget(String name) {
    Dentry known = cachedPositive(name);
    if (known != null) {
      known.flush();
    }
  }

  /** Makes all entries known for good, as devtmpfs, which lives in its dentries, has them. */
  final void pinEntries() throws ErrnoException {
    for (String name : contents.keySet()) {
      Dentry entry = lookup(name);
      if (entry != null) {
        entry.pin();
      }
    }
  }

  @Override
  protected final List<Entry> list() {
    List<Entry> entries = new ArrayList<>();
    contents.forEach((name, inode) -> entries.add(entry(name, inode)));
    for (String name : dynamicNames()) {
      Inode inode = dynamicChild(name);
      if (inode != null) {
        entries.add(entry(name, inode));
      }
    }
    return entries;
  }

  private static Entry entry(String name, Inode inode) {
    return new Entry(name, inode.ino(), FileMode.directoryEntryType(inode.mode()));
  }

  @Override
  final Object mountIdentity() {
    return fileSystem;
  }

  @Override
  final void detach() throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  @Override
  final void statfs(Kstatfs out) {
    fileSystem.statfs(out);
  }
}
