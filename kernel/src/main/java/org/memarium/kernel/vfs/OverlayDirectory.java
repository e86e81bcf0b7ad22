package org.memarium.kernel.vfs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
  private final @Nullable Path lower;

  /** What the overlay says of a name: an entry, or that there is none (a whiteout). */
  private record Upper(@Nullable Dentry dentry) {}

  private final TreeMap<String, Upper> upper = new TreeMap<>();

  // Entries of the host that somebody holds: directories, since they know their parent, and files
  // that were opened, since they know their name.
  private final Map<String, Dentry> held = new TreeMap<>();

  private long hostBytes;
  private boolean ownAttributes;

  /**
   * A folder of the host.
   *
   * @param mount what it shares with the directories with which it can exchange entries
   */
  OverlayDirectory(HostView view, Object mount, Path lower, HostAttributes host) {
    super(host.dev(), host.ino(), host.mode());
    this.view = view;
    this.mount = mount;
    this.lower = lower;
    update(host);
  }

  /** A new, empty directory. */
  OverlayDirectory(HostView view, Object mount, long dev, int mode, Credentials owner) {
    super(dev, view.newIno(), mode);
    this.view = view;
    this.mount = mount;
    lower = null;
    ownAttributes = true;
    hostBytes = 4096;
    born(owner, view.nowNanos());
  }

  @Override
  Object mountIdentity() {
    return mount;
  }

  @Override
  void refresh() {
    if (lower != null && !ownAttributes) {
      updateFrom(lower);
    }
  }

  @Override
  void update(HostAttributes host) {
    if (!ownAttributes) {
      super.update(host);
      hostBytes = host.sizeBytes();
    }
  }

  @Override
  void detach() {
    if (!ownAttributes) {
      refresh();
      ownAttributes = true;
    }
  }

  @Override
  public long sizeBytes() {
    return hostBytes;
  }

  @Override
  long blocks512() {
    return HostBlocks.of(mode, hostBytes);
  }

  // ---- Looking ----

  @Override
  protected @Nullable Dentry lookup(String name) throws ErrnoException {
    Upper known = upper.get(name);
    if (known != null) {
      return known.dentry();
    }
    if (lower == null) {
      return null;
    }
    Path path = HostNames.child(lower, name);
    HostAttributes host = HostAttributes.read(path);
    if (host == null) {
      held.remove(name);
      return null;
    }
    Dentry before = held.get(name);
    if (before != null && before.inode().isSame(host)) {
      before.inode().update(host);
      return before;
    }
    return look(name, path, host);
  }

  private Dentry look(String name, Path path, HostAttributes host) throws ErrnoException {
    return switch (host.mode() & FileMode.S_IFMT) {
      case FileMode.S_IFDIR -> {
        view.checkDevice(path, host, dev);
        Dentry dentry = new OverlayDirectory(view, mount, path, host).place(dentry(), name);
        held.put(name, dentry);
        yield dentry;
      }
      case FileMode.S_IFREG -> {
        Inode inode = view.pinned(host);
        if (inode != null) {
          inode.update(host);
        } else {
          inode = new OverlayFile(view, path, host);
        }
        yield new Dentry(dentry(), name, inode);
      }
      default -> {
        Inode inode = view.pinned(host);
        yield new Dentry(dentry(), name, inode != null ? inode : new OverlayNode(view, path, host));
      }
    };
  }

  @Override
  void opened(Dentry dentry) {
    if (!upper.containsKey(dentry.name())) {
      held.put(dentry.name(), dentry);
    }
  }

  @Override
  protected List<Entry> list() throws ErrnoException {
    List<Entry> entries = new ArrayList<>();
    if (lower != null) {
      for (String name : HostView.names(lower)) {
        if (!upper.containsKey(name)) {
          HostAttributes host = HostAttributes.read(HostNames.child(lower, name));
          if (host != null) {
            entries.add(new Entry(name, host.ino(), FileMode.directoryEntryType(host.mode())));
          }
        }
      }
    }
    upper.forEach((name, known) -> {
      Dentry dentry = known.dentry();
      if (dentry != null) {
        entries.add(
            new Entry(
                name, dentry.inode().ino(), FileMode.directoryEntryType(dentry.inode().mode())));
      }
    });
    return entries;
  }

  @Override
  void statfs(Kstatfs out) {
    view.statfs(out);
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

  private void add(String name, Dentry dentry) {
    held.remove(name);
    upper.put(name, new Upper(dentry));
    touch(dentry.inode().isDirectory() ? 1 : 0);
  }

  private void take(String name, Dentry dentry) {
    held.remove(name);
    if (lower == null) {
      upper.remove(name);
    } else {
      upper.put(name, new Upper(null));
    }
    touch(dentry.inode().isDirectory() ? -1 : 0);
  }

  /** New entries take the group of a directory with the set-group-id bit, as on Linux. */
  private void inherit(Inode made) {
    if ((mode & FileMode.S_ISGID) != 0) {
      made.gid = gid;
      if (made.isDirectory()) {
        made.mode |= FileMode.S_ISGID;
      }
    }
  }

  @Override
  Dentry create(String name, int newMode, Credentials owner) {
    Inode made =
        (newMode & FileMode.S_IFMT) == FileMode.S_IFREG
            ? new OverlayFile(view, dev, newMode, owner)
            : new OverlayNode(view, dev, newMode, null, owner);
    inherit(made);
    Dentry dentry = new Dentry(dentry(), name, made);
    add(name, dentry);
    return dentry;
  }

  @Override
  Dentry mkdir(String name, int newMode, Credentials owner) {
    OverlayDirectory made = new OverlayDirectory(view, mount, dev, newMode, owner);
    inherit(made);
    Dentry dentry = made.place(dentry(), name);
    add(name, dentry);
    return dentry;
  }

  @Override
  void symlink(String name, String target, Credentials owner) {
    Inode made = new OverlayNode(view, dev, FileMode.S_IFLNK | 0777, target, owner);
    inherit(made);
    add(name, new Dentry(dentry(), name, made));
  }

  @Override
  void link(String name, Dentry existing) throws ErrnoException {
    existing.inode().changeLinks(1, view.nowNanos());
    add(name, new Dentry(dentry(), name, existing.inode()));
  }

  @Override
  void unlink(Dentry victim) throws ErrnoException {
    take(victim.name(), victim);
    victim.unlinked();
    victim.inode().changeLinks(-1, view.nowNanos());
  }

  @Override
  void rmdir(Dentry victim) throws ErrnoException {
    take(victim.name(), victim);
    victim.unlinked();
    victim.inode().changeLinks(-victim.inode().nlink, view.nowNanos());
    ((Directory) victim.inode()).removed();
  }

  @Override
  void rename(Dentry moved, Directory to, String name, @Nullable Dentry replaced, boolean exchange)
      throws ErrnoException {
    OverlayDirectory target = (OverlayDirectory) to;
    String oldName = moved.name();
    if (replaced != null && !exchange) {
      if (replaced.inode().isDirectory()) {
        target.rmdir(replaced);
      } else {
        target.unlink(replaced);
      }
    }
    take(oldName, moved);
    if (replaced != null && exchange) {
      target.take(name, replaced);
      replaced.moved(dentry(), oldName);
      add(oldName, replaced);
    }
    moved.moved(target.dentry(), name);
    target.add(name, moved);
    moved.inode().changeLinks(0, view.nowNanos());
  }
}
