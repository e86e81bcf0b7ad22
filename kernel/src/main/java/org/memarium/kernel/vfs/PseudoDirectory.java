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
  private final Map<String, Inode> children = new TreeMap<>();

  /** An empty directory with the given permissions. */
  public PseudoDirectory(PseudoFileSystem fileSystem, int permissions) {
    super(fileSystem.dev, fileSystem.newIno(), FileMode.S_IFDIR | permissions);
    this.fileSystem = fileSystem;
    atimeNanos = fileSystem.nowNanos();
    mtimeNanos = atimeNanos;
    ctimeNanos = atimeNanos;
  }

  /** The file system that it belongs to. */
  protected final PseudoFileSystem fileSystem() {
    return fileSystem;
  }

  /** Adds an entry that is always there. */
  public final void add(String name, Inode inode) {
    children.put(name, inode);
    if (inode.isDirectory()) {
      nlink++;
    }
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
  protected final @Nullable Dentry lookup(String name) {
    Inode inode = children.get(name);
    if (inode == null) {
      inode = dynamicChild(name);
    }
    if (inode == null) {
      return null;
    }
    // A directory of an overlay (/dev/shm) and of /proc keeps its name, since its children know it.
    return inode instanceof Directory directory
        ? directory.placed(dentry(), name)
        : new Dentry(dentry(), name, inode);
  }

  @Override
  protected final List<Entry> list() {
    List<Entry> entries = new ArrayList<>();
    children.forEach((name, inode) -> entries.add(entry(name, inode)));
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
