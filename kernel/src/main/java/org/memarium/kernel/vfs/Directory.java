package org.memarium.kernel.vfs;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

  /** {@code d_subdirs}, found by name: what the dcache knows of this directory. Never listed. */
  private final Map<String, Dentry> children = new HashMap<>();

  private @Nullable Dentry dentry;
  private boolean removed;

  /** A directory; {@link #enter} or {@link #becomeRoot} gives it its name before it is used. */
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

  /**
   * {@code d_make_root}: a directory that nothing in a directory names; it stays for good.
   *
   * @param parent what {@code ..} leads to; null for the root of all
   * @throws ErrnoException ENOMEM
   */
  final Dentry becomeRoot(Dcache dcache, @Nullable Dentry parent, String name)
      throws ErrnoException {
    Dentry root = Dentry.allocate(dcache, parent, name);
    root.pin();
    root.instantiate(this);
    dentry = root;
    return root;
  }

  // ---- The dcache ----

  final Map<String, Dentry> children() {
    return children;
  }

  /** The roots that are mounted here. */
  final Collection<Dentry> mounts() {
    return mounts.values();
  }

  /** {@code d_lookup}: what is known of a name, perhaps that there is none; null: nothing. */
  final @Nullable Dentry cached(String name) {
    return children.get(name);
  }

  /** The same, if it names something. */
  final @Nullable Dentry cachedPositive(String name) {
    Dentry known = children.get(name);
    return known == null || known.isNegative() ? null : known;
  }

  /** Forgets an entry that is no more what it was. */
  final void invalidate(String name) {
    Dentry known = cachedPositive(name);
    if (known != null) {
      known.invalidate();
    }
  }

  /**
   * {@code d_splice_alias}: from now on a name is known to stand for an inode. The negative dentry
   * that the lookup left is used if there is one.
   *
   * @throws ErrnoException ENOMEM; nothing has changed
   */
  final Dentry enter(String name, Inode inode) throws ErrnoException {
    invalidate(name);
    return fill(entry(name), inode);
  }

  /** The dentry of a name; a negative one that is not hashed if nothing is known of the name. */
  final Dentry entry(String name) throws ErrnoException {
    Dentry known = children.get(name);
    return known != null ? known : Dentry.allocate(dentry().dcache(), dentry(), name);
  }

  /**
   * {@code d_add}: a negative dentry of {@link #entry} names an inode from now on.
   *
   * @throws ErrnoException ENOMEM; the dentry is gone if it was not hashed
   */
  final Dentry fill(Dentry entry, Inode inode) throws ErrnoException {
    try {
      entry.instantiate(inode);
    } catch (ErrnoException e) {
      if (!entry.isHashed()) {
        entry.discard();
      }
      throw e;
    }
    if (!entry.isHashed()) {
      entry.hash();
    }
    if (inode instanceof Directory directory) {
      directory.dentry = entry;
    }
    entry.touch();
    inode.foundAs(entry);
    return entry;
  }

  /** Whether it is worth knowing that a name is not there: looking again costs something. */
  boolean keepsNegatives() {
    return false;
  }

  /** Remembers that there is no such name. */
  private void noteAbsent(String name) throws ErrnoException {
    Dentry known = children.get(name);
    if (known == null) {
      known = Dentry.allocate(dentry().dcache(), dentry(), name);
      known.hash();
    }
    known.touch();
  }

  /** Whether it was removed while somebody held it: nothing can be made in it. */
  final boolean isRemoved() {
    return removed;
  }

  /** {@code shrink_dcache_parent}: what is known of its names goes; it has none that are there. */
  final void removed() {
    removed = true;
    for (Dentry child : List.copyOf(children.values())) {
      child.unpin();
      child.drop();
    }
  }

  /**
   * Puts another directory's tree in place of what a name stands for here.
   *
   * @throws ErrnoException ENOMEM
   */
  final Dentry mount(String name, Directory root) throws ErrnoException {
    Dentry mounted = root.becomeRoot(dentry().dcache(), dentry(), name);
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
    Dentry found = lookup(name);
    if (found != null) {
      found.touch();
    } else if (keepsNegatives() && !removed) {
      noteAbsent(name);
    }
    return found;
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

  /** The entries, mounts aside, in any order. */
  protected abstract List<Entry> list() throws ErrnoException;

  /** What names must share for a rename or link between them: the directory's mount. */
  abstract Object mountIdentity();

  /** Makes a regular file or named pipe. */
  Dentry create(String name, int mode, Credentials owner) throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  /**
   * Makes a regular file without a name.
   *
   * @param mayBeLinked whether linkat may give it one
   * @return a dentry that nobody holds yet, and that is marked as unlinked
   */
  Dentry tmpfile(int mode, boolean mayBeLinked, Credentials owner) throws ErrnoException {
    throw new ErrnoException(Errno.EOPNOTSUPP);
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
}
