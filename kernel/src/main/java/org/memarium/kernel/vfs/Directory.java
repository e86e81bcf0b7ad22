package org.memarium.kernel.vfs;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * A directory: the inode operations that take a name. A walk finds an entry with {@link #find}; the
 * changes are called with what was found, after the walk has checked permissions, so a directory
 * need not check again that a name is free or taken.
 */
public abstract class Directory extends Inode {

  /**
   * One entry of a listing.
   *
   * @param name each char is one byte
   * @param ino number of its inode
   * @param type its {@code d_type}
   */
  public record Entry(String name, long ino, int type) {}

  private final SortedMap<String, Dentry> mounts = new TreeMap<>();
  private @Nullable Dentry dentry;
  private boolean removed;

  /** A directory; {@link #place} gives it its name before it is used. */
  protected Directory(long dev, long ino, int mode) {
    super(dev, ino, mode);
    nlink = 2;
  }

  /** The one name that a directory has. */
  public final Dentry dentry() {
    Dentry name = dentry;
    if (name == null) {
      throw new IllegalStateException("a directory is used before it has a name");
    }
    return name;
  }

  /** Makes the one name that the directory has. */
  public final Dentry place(@Nullable Dentry parent, String name) {
    Dentry placed = new Dentry(parent, name, this);
    dentry = placed;
    return placed;
  }

  /** The one name that the directory has, made now if it has none yet. */
  final Dentry placed(Dentry parent, String name) {
    Dentry known = dentry;
    return known != null ? known : place(parent, name);
  }

  /** Whether it was removed while somebody held it: nothing can be made in it. */
  final boolean isRemoved() {
    return removed;
  }

  final void removed() {
    removed = true;
  }

  /** Puts another directory's tree in place of what a name stands for here. */
  final Dentry mount(String name, Directory root) {
    Dentry mounted = root.place(dentry(), name);
    mounts.put(name, mounted);
    return mounted;
  }

  /** Whether something is mounted on a name: it cannot be removed or renamed. */
  final boolean isMountPoint(String name) {
    return mounts.containsKey(name);
  }

  /** What a name stands for, or null; the name is one component and neither . nor .. */
  final @Nullable Dentry find(String name) throws ErrnoException {
    Dentry mounted = mounts.isEmpty() ? null : mounts.get(name);
    if (mounted != null) {
      return mounted;
    }
    if (name.length() > Fcntl.NAME_MAX) {
      throw new ErrnoException(Errno.ENAMETOOLONG);
    }
    return lookup(name);
  }

  /** All entries but . and .., in ascending order of the bytes of their names. */
  final List<Entry> entries() throws ErrnoException {
    SortedMap<String, Entry> byName = new TreeMap<>();
    for (Entry entry : list()) {
      byName.put(entry.name(), entry);
    }
    mounts.forEach((name, mounted) ->
        byName.put(
            name,
            new Entry(
                name, mounted.inode().ino(), FileMode.directoryEntryType(mounted.inode().mode()))));
    return List.copyOf(byName.values());
  }

  /** Whether there is nothing in it but . and .. */
  boolean isEmpty() throws ErrnoException {
    return entries().isEmpty();
  }

  /** What a name stands for, mounts aside; null if there is none. */
  protected abstract @Nullable Dentry lookup(String name) throws ErrnoException;

  /** Told of each entry that gets opened, so that a rename reaches it. */
  void opened(Dentry dentry) {}

  /** The entries, mounts aside, in any order. */
  protected abstract List<Entry> list() throws ErrnoException;

  /** What names must share for a rename or link between them: the directory's mount. */
  abstract Object mountIdentity();

  /** Makes a regular file or named pipe. */
  Dentry create(String name, int mode, Credentials owner) throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  /** Makes a directory. */
  Dentry mkdir(String name, int mode, Credentials owner) throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  /** Makes a symbolic link. */
  void symlink(String name, String target, Credentials owner) throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  /** Gives an inode of the same mount another name. */
  void link(String name, Dentry existing) throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  /** Removes a name of something that is no directory. */
  void unlink(Dentry victim) throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  /** Removes an empty directory. */
  void rmdir(Dentry victim) throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  /**
   * Moves an entry of this directory, within the same mount.
   *
   * @param moved the entry
   * @param to where it goes
   * @param name its new name
   * @param replaced what has that name now, or null
   * @param exchange whether the two change places
   */
  void rename(Dentry moved, Directory to, String name, @Nullable Dentry replaced, boolean exchange)
      throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  @Override
  OpenFile open(Dentry opened, int flags, Credentials credentials) {
    return new DirectoryFile(opened, flags, this);
  }

  @Override
  public long sizeBytes() {
    return 0;
  }
}
