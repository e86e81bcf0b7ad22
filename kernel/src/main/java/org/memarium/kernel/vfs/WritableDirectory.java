package org.memarium.kernel.vfs;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.HostFiles;
import org.memarium.mm.Errno;

/** A directory in a writable folder: each change is made on the host, or not at all. */
final class WritableDirectory extends Directory {

  private static final byte[] DOT = {'.'};

  private final WritableMount mount;
  private final HostView view;
  private final HostFiles host;

  WritableDirectory(WritableMount mount, HostAttributes seen) {
    super(seen.dev(), seen.ino(), seen.mode());
    this.mount = mount;
    this.view = mount.view();
    this.host = mount.host();
    update(seen);
  }

  @Override
  VfsCaches.InodeKind kind() {
    return VfsCaches.InodeKind.HOST;
  }

  WritableMount mount() {
    return mount;
  }

  @Override
  Object mountIdentity() {
    return mount;
  }

  @Override
  void refresh() {
    if (isRemoved()) {
      return;
    }
    try {
      HostAttributes seen = mount.attributes(dentry());
      if (isSame(seen)) {
        update(seen);
      }
    } catch (ErrnoException e) {
      return;
    }
  }

  @Override
  void detach() {}

  private static byte[] bytes(String name) {
    return WritableMount.bytes(name);
  }

  // ---- Looking ----

  @Override
  protected @Nullable Dentry lookup(String name) throws ErrnoException {
    if (isRemoved()) {
      return null;
    }
    HostAttributes seen = mount.attributes(dentry(), name);
    if (seen == null) {
      invalidate(name);
      return null;
    }
    Dentry before = cachedPositive(name);
    if (before != null && before.inode().isSame(seen)) {
      before.inode().update(seen);
      before.inode().foundAs(before);
      return before;
    }
    return look(name, seen);
  }

  private Dentry look(String name, HostAttributes seen) throws ErrnoException {
    if ((seen.mode() & FileMode.S_IFMT) == FileMode.S_IFDIR) {
      mount.checkDevice(dentry(), name, seen);
      return enter(name, new WritableDirectory(mount, seen));
    }
    invalidate(name);
    boolean regular = (seen.mode() & FileMode.S_IFMT) == FileMode.S_IFREG;
    Inode known = view.cached(seen);
    if (known != null
        && (regular ? known instanceof WritableFile : known instanceof WritableNode)) {
      known.update(seen);
      return fill(entry(name), known);
    }
    Dentry entry = entry(name);
    Inode inode =
        regular ? new WritableFile(mount, entry, seen) : new WritableNode(mount, entry, seen);
    fill(entry, inode);
    view.cache(inode);
    return entry;
  }

  @Override
  boolean keepsNegatives() {
    return true;
  }

  @Override
  protected List<Entry> list() throws ErrnoException {
    List<Entry> entries = new ArrayList<>();
    int fd = mount.openForReading(dentry());
    try {
      long bytes;
      do {
        bytes =
            host.getdents(
                fd,
                (name, ino, type) ->
                    entries.add(new Entry(HostNames.fromBytes(name, 0, name.length), ino, type)));
      } while (bytes > 0);
      WritableMount.check(bytes);
    } finally {
      host.close(fd);
    }
    entries.removeIf(entry -> entry.name().equals(".") || entry.name().equals(".."));
    return entries;
  }

  @Override
  void statfs(Kstatfs out) throws ErrnoException {
    mount.statfs(out);
  }

  // ---- Changes ----

  private long onHost(WritableMount.InDirectory change) throws ErrnoException {
    return mount.in(dentry(), change);
  }

  /**
   * Finds what was made, and makes it what the program asked for: the umask of this process may
   * have taken bits away, and where this process is root the program may be somebody else.
   */
  private Dentry made(String name, int newMode, Credentials owner) throws ErrnoException {
    Dentry dentry = lookup(name);
    if (dentry == null) {
      throw new ErrnoException(Errno.EIO);
    }
    Inode inode = dentry.inode();
    int wantedGid = (mode & FileMode.S_ISGID) != 0 ? gid : owner.fsgid();
    if (inode.uid != owner.fsuid() || inode.gid != wantedGid) {
      inode.chown(owner.fsuid(), wantedGid, 0);
    }
    int permissions = newMode & FileMode.PERMISSIONS;
    if (!inode.isSymlink() && (inode.mode & FileMode.PERMISSIONS) != permissions) {
      inode.chmod(permissions, 0);
    }
    return dentry;
  }

  @Override
  Dentry create(String name, int newMode, Credentials owner) throws ErrnoException {
    mount.checkMode(newMode);
    int permissions = newMode & 0777;
    if ((newMode & FileMode.S_IFMT) == FileMode.S_IFREG) {
      int flags = Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_WRONLY | Fcntl.O_NOFOLLOW;
      int fd =
          (int)
              onHost(
                  dirfd -> host.openat(dirfd, bytes(name), flags | Fcntl.O_CLOEXEC, permissions));
      host.close(fd);
    } else {
      int type = newMode & FileMode.S_IFMT;
      onHost(dirfd -> host.mknodat(dirfd, bytes(name), type | permissions));
    }
    Dentry made = made(name, newMode, owner);
    if (made.inode() instanceof WritableNode node) {
      node.madeHere();
    }
    return made;
  }

  @Override
  Dentry tmpfile(int newMode, boolean mayBeLinked, Credentials owner) throws ErrnoException {
    mount.checkMode(newMode);
    int exclusive = mayBeLinked ? 0 : Fcntl.O_EXCL;
    int flags = Fcntl.O_TMPFILE_BIT | Fcntl.O_DIRECTORY | Fcntl.O_RDWR | Fcntl.O_CLOEXEC;
    int fd = (int) onHost(dirfd -> host.openat(dirfd, DOT, flags | exclusive, newMode & 0777));
    WritableFile made = new WritableFile(mount, mount.attributesOf(fd), fd);
    made.beginNameless(mayBeLinked);
    made.chown(owner.fsuid(), (mode & FileMode.S_ISGID) != 0 ? gid : owner.fsgid(), 0);
    made.chmod(newMode & FileMode.PERMISSIONS, 0);
    return Dentry.allocateNameless(dentry(), made);
  }

  @Override
  Dentry mkdir(String name, int newMode, Credentials owner) throws ErrnoException {
    onHost(dirfd -> host.mkdirat(dirfd, bytes(name), newMode & 0777));
    return made(name, newMode | (mode & FileMode.S_ISGID), owner);
  }

  @Override
  void symlink(String name, String target, Credentials owner) throws ErrnoException {
    onHost(dirfd -> host.symlinkat(bytes(target), dirfd, bytes(name)));
    var _ = made(name, 0777, owner);
  }

  @Override
  void link(String name, Dentry existing) throws ErrnoException {
    onHost(dirfd -> {
      try {
        switch (existing.inode()) {
          case WritableFile file -> file.link(dirfd, bytes(name));
          case WritableNode node -> node.link(dirfd, bytes(name));
          default -> throw new ErrnoException(Errno.EPERM);
        }
        return 0;
      } catch (ErrnoException e) {
        return e.result();
      }
    });
    existing.inode().changeLinks(1, view.nowNanos());
    view.cache(existing.inode());
  }

  private void remove(Dentry victim, int flags) throws ErrnoException {
    onHost(dirfd -> host.unlinkat(dirfd, bytes(victim.name()), flags));
    gone(victim);
  }

  /** What the host no longer has under its name. */
  private void gone(Dentry victim) throws ErrnoException {
    victim.unlinked();
    Inode inode = victim.inode();
    inode.changeLinks(inode.isDirectory() ? -inode.nlink : -1, view.nowNanos());
    if (inode instanceof Directory directory) {
      directory.removed();
    }
    victim.drop();
  }

  @Override
  void unlink(Dentry victim) throws ErrnoException {
    remove(victim, 0);
  }

  @Override
  void rmdir(Dentry victim) throws ErrnoException {
    remove(victim, Fcntl.AT_REMOVEDIR);
  }

  @Override
  void rename(Dentry moved, Directory to, String name, @Nullable Dentry replaced, boolean exchange)
      throws ErrnoException {
    WritableDirectory target = (WritableDirectory) to;
    int flags = exchange ? Fcntl.RENAME_EXCHANGE : 0;
    Dentry place = replaced != null ? replaced : target.entry(name);
    try {
      onHost(dirfd -> {
        try {
          return target.onHost(
              todirfd -> host.renameat2(dirfd, bytes(moved.name()), todirfd, bytes(name), flags));
        } catch (ErrnoException e) {
          return e.result();
        }
      });
    } catch (ErrnoException e) {
      if (replaced == null && !place.isHashed()) {
        place.discard();
      }
      throw e;
    }
    place.hold();
    if (replaced != null && !exchange) {
      target.gone(replaced);
    }
    moved.move(place, exchange);
    place.release();
  }

  // ---- Attributes ----

  @Override
  void chmod(int permissions, long nowNanos) throws ErrnoException {
    onHost(dirfd -> mount.chmod(dirfd, permissions));
    refresh();
  }

  @Override
  void chown(int newUid, int newGid, long nowNanos) throws ErrnoException {
    onHost(dirfd -> mount.chown(dirfd, newUid, newGid));
    refresh();
  }

  @Override
  void utimens(long newAtimeNanos, long newMtimeNanos, long nowNanos) throws ErrnoException {
    onHost(dirfd ->
        host.utimensat(
            HostFiles.AT_FDCWD,
            WritableMount.ownDescriptor(dirfd),
            newAtimeNanos,
            newMtimeNanos,
            0));
    refresh();
  }
}
