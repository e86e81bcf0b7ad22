package org.memarium.kernel.vfs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A directory that the host has and programs may change, or one that a program made: changes stay
 * in memory.
 *
 * <p>{@code upper} decides first; a name that it does not know is the host's. A removed name stays
 * there as a whiteout. A directory that was moved keeps its folder on the host, under whatever name
 * it is found now, so moving costs nothing and never ends with EXDEV as on Linux's overlayfs.
 */
final class OverlayDirectory extends Directory {

  private final HostView view;
  private final Object mount;

  /** The file system, if it is not the overlay. */
  private final @Nullable Tmpfs tmpfs;

  private final OverlayOrigin origin;
  private final @Nullable Path lower;

  /**
   * What the overlay says of a name: an entry, or, by a negative one, that there is none (a
   * whiteout). These dentries are pinned: what they say is nowhere else.
   */
  private final TreeMap<String, Dentry> upper = new TreeMap<>();

  /**
   * A folder of the host.
   *
   * @param mount what it shares with the directories with which it can exchange entries
   */
  OverlayDirectory(HostView view, Object mount, Path lower, HostAttributes host) {
    super(host.dev(), host.ino(), host.mode());
    this.view = view;
    this.mount = mount;
    tmpfs = null;
    this.lower = lower;
    origin = new OverlayOrigin(view, lower);
    update(host);
  }

  /** The root of a file system in memory. */
  OverlayDirectory(Tmpfs fileSystem, int mode, Credentials owner) {
    this(fileSystem.view(), fileSystem, fileSystem.dev(), mode, owner);
  }

  /** A new, empty directory. */
  OverlayDirectory(HostView view, Object mount, long dev, int mode, Credentials owner) {
    super(dev, mount instanceof Tmpfs memory ? memory.newIno() : view.newIno(), mode);
    this.view = view;
    this.mount = mount;
    tmpfs = mount instanceof Tmpfs fileSystem ? fileSystem : null;
    lower = null;
    origin = new OverlayOrigin(view, null);
    storedBytes = OverlayData.PAGE_BYTES;
    storedBlocks512 = OverlayData.PAGE_BYTES / 512;
    born(owner, view.nowNanos());
  }

  @Override
  VfsCaches.InodeKind kind() {
    return origin.kind();
  }

  @Override
  Object mountIdentity() {
    return mount;
  }

  @Override
  void refresh() {
    origin.refresh(this);
  }

  @Override
  void update(HostAttributes host) {
    if (!origin.ownsAttributes()) {
      super.update(host);
    }
  }

  @Override
  void detach() {
    if (origin.takeOver(this)) {
      // The attributes are nowhere else.
      dentry().pin();
    }
  }

  @Override
  public long sizeBytes() {
    // . and .. count as entries.
    return tmpfs == null ? storedBytes : (2L + upper.size()) * Tmpfs.ENTRY_BYTES;
  }

  @Override
  long blocks512() {
    return tmpfs == null ? storedBlocks512 : 0;
  }

  // ---- Looking ----

  @Override
  protected @Nullable Dentry lookup(String name) throws ErrnoException {
    Dentry own = upper.get(name);
    if (own != null) {
      return own.isNegative() ? null : own;
    }
    if (lower == null) {
      return null;
    }
    Path path = HostNames.child(lower, name);
    HostAttributes host = view.attributes(path);
    if (host == null) {
      invalidate(name);
      return null;
    }
    Dentry before = cachedPositive(name);
    if (before != null && before.inode().isSame(host)) {
      before.inode().update(host);
      return before;
    }
    return look(name, path, host);
  }

  private Dentry look(String name, Path path, HostAttributes host) throws ErrnoException {
    if ((host.mode() & FileMode.S_IFMT) == FileMode.S_IFDIR) {
      view.checkDevice(path, host, dev);
      return enter(name, new OverlayDirectory(view, mount, path, host));
    }
    Inode inode = view.cached(host);
    if (inode == null) {
      boolean regular = (host.mode() & FileMode.S_IFMT) == FileMode.S_IFREG;
      inode = regular ? new OverlayFile(view, path, host) : new OverlayNode(view, path, host);
    } else {
      inode.update(host);
    }
    Dentry entry = enter(name, inode);
    view.cache(inode);
    return entry;
  }

  @Override
  boolean keepsNegatives() {
    return lower != null;
  }

  @Override
  protected List<Entry> list() throws ErrnoException {
    List<Entry> entries = new ArrayList<>();
    if (lower != null) {
      for (String name : HostView.names(lower)) {
        if (!upper.containsKey(name)) {
          HostAttributes host = view.attributes(HostNames.child(lower, name));
          if (host != null) {
            entries.add(new Entry(name, host.ino(), FileMode.directoryEntryType(host.mode())));
          }
        }
      }
    }
    upper.forEach((name, dentry) -> {
      if (!dentry.isNegative()) {
        entries.add(
            new Entry(
                name, dentry.inode().ino(), FileMode.directoryEntryType(dentry.inode().mode())));
      }
    });
    return entries;
  }

  @Override
  void statfs(Kstatfs out) {
    if (tmpfs == null) {
      view.statfs(out);
    } else {
      tmpfs.statfs(out);
    }
  }

  // ---- Changes ----

  private void touch(int linkChange) {
    detach();
    // Some file systems do not count directories, and have 1 here.
    if (nlink > 1) {
      nlink += linkChange;
    }
    mtimeNanos = view.nowNanos();
    ctimeNanos = mtimeNanos;
  }

  /** A new entry, or one that came from elsewhere: it is the overlay's from now on. */
  private void add(Dentry entry) {
    upper.put(entry.name(), entry);
    entry.pin();
    touch(entry.inode().isDirectory() ? 1 : 0);
  }

  /** {@code ovl_whiteout}: says that there is nothing of this name, whatever the host has. */
  private void whiteOut(Dentry negative) {
    negative.hash();
    negative.pin();
    upper.put(negative.name(), negative);
  }

  /** A negative dentry for {@link #whiteOut}, taken before anything changes; null: not needed. */
  private @Nullable Dentry newWhiteout(String name) throws ErrnoException {
    return lower == null ? null : Dentry.allocate(dentry().dcache(), dentry(), name);
  }

  /** The overlay does not know an entry any more. */
  private void forget(Dentry entry) {
    upper.remove(entry.name(), entry);
    entry.unpin();
    touch(entry.inode().isDirectory() ? -1 : 0);
  }

  /**
   * {@code inode_init_owner}: new entries take the group of a directory with the set-group-id bit;
   * a program does not get the privileges of a group that its maker is not in.
   */
  private void inherit(Inode made, Credentials owner) {
    if ((mode & FileMode.S_ISGID) == 0) {
      return;
    }
    made.gid = gid;
    int program = FileMode.S_ISGID | 010;
    if (made.isDirectory()) {
      made.mode |= FileMode.S_ISGID;
    } else if ((made.mode & program) == program && !owner.isRoot() && !owner.inGroup(gid)) {
      made.mode &= ~FileMode.S_ISGID;
    }
  }

  private OverlayNode newNode(int newMode, @Nullable String target, Credentials owner) {
    long ino = tmpfs == null ? view.newIno() : tmpfs.newIno();
    return new OverlayNode(view, dev, ino, newMode, target, owner);
  }

  private RegularFile newFile(int newMode, Credentials owner) {
    return tmpfs == null
        ? new OverlayFile(view, dev, newMode, owner)
        : tmpfs.newFile(newMode, owner);
  }

  @Override
  Dentry create(String name, int newMode, Credentials owner) throws ErrnoException {
    Inode made =
        (newMode & FileMode.S_IFMT) == FileMode.S_IFREG
            ? newFile(newMode, owner)
            : newNode(newMode, null, owner);
    inherit(made, owner);
    Dentry entry = enter(name, made);
    add(entry);
    return entry;
  }

  @Override
  Dentry tmpfile(int newMode, boolean mayBeLinked, Credentials owner) throws ErrnoException {
    Inode made = newFile(newMode, owner);
    inherit(made, owner);
    made.beginNameless(mayBeLinked);
    return Dentry.allocateNameless(dentry(), made);
  }

  @Override
  Dentry mkdir(String name, int newMode, Credentials owner) throws ErrnoException {
    OverlayDirectory made = new OverlayDirectory(view, mount, dev, newMode, owner);
    inherit(made, owner);
    Dentry entry = enter(name, made);
    add(entry);
    return entry;
  }

  @Override
  void symlink(String name, String target, Credentials owner) throws ErrnoException {
    Inode made = newNode(FileMode.S_IFLNK | 0777, target, owner);
    inherit(made, owner);
    add(enter(name, made));
  }

  @Override
  void link(String name, Dentry existing) throws ErrnoException {
    Dentry entry = enter(name, existing.inode());
    existing.inode().changeLinks(1, view.nowNanos());
    add(entry);
  }

  @Override
  void unlink(Dentry victim) throws ErrnoException {
    Dentry whiteout = newWhiteout(victim.name());
    victim.inode().changeLinks(-1, view.nowNanos());
    remove(victim, whiteout);
  }

  @Override
  void rmdir(Dentry victim) throws ErrnoException {
    Dentry whiteout = newWhiteout(victim.name());
    victim.inode().changeLinks(-victim.inode().nlink, view.nowNanos());
    ((Directory) victim.inode()).removed();
    remove(victim, whiteout);
  }

  private void remove(Dentry victim, @Nullable Dentry whiteout) {
    victim.hold();
    forget(victim);
    victim.unlinked();
    victim.drop();
    if (whiteout != null) {
      whiteOut(whiteout);
    }
    victim.release();
  }

  @Override
  void rename(Dentry moved, Directory to, String name, @Nullable Dentry replaced, boolean exchange)
      throws ErrnoException {
    OverlayDirectory target = (OverlayDirectory) to;
    Dentry whiteout = exchange ? null : newWhiteout(moved.name());
    Dentry place;
    try {
      place = replaced != null ? replaced : target.entry(name);
    } catch (ErrnoException e) {
      if (whiteout != null) {
        whiteout.discard();
      }
      throw e;
    }
    moved.hold();
    place.hold();
    if (replaced != null && !exchange) {
      replaced
          .inode()
          .changeLinks(
              replaced.inode().isDirectory() ? -replaced.inode().nlink : -1, view.nowNanos());
      if (replaced.inode() instanceof Directory emptied) {
        emptied.removed();
      }
    }
    forget(moved);
    if (replaced != null) {
      target.forget(replaced);
    } else {
      target.upper.remove(name, place);
      place.unpin();
    }
    moved.move(place, exchange);
    if (exchange) {
      add(place);
    } else if (replaced != null) {
      replaced.unlinked();
    }
    target.add(moved);
    if (whiteout != null) {
      whiteOut(whiteout);
    }
    moved.inode().changeLinks(0, view.nowNanos());
    place.release();
    moved.release();
  }
}
