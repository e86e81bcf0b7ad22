package org.memarium.kernel.vfs;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/** A directory in a writable folder: each change is made on the host, or not at all. */
final class WritableDirectory extends Directory {

  private final WritableMount mount;
  private final HostView view;

  private long hostBytes;

  WritableDirectory(WritableMount mount, HostAttributes host) {
    super(host.dev(), host.ino(), host.mode());
    this.mount = mount;
    this.view = mount.view();
    update(host);
  }

  @Override
  VfsCaches.InodeKind kind() {
    return VfsCaches.InodeKind.HOST;
  }

  WritableMount mount() {
    return mount;
  }

  private Path path() {
    return mount.path(dentry());
  }

  private Path path(String name) {
    return HostNames.child(path(), name);
  }

  @Override
  Object mountIdentity() {
    return mount;
  }

  @Override
  void refresh() {
    if (!isRemoved()) {
      updateFrom(path());
    }
  }

  @Override
  void update(HostAttributes host) {
    super.update(host);
    hostBytes = host.sizeBytes();
  }

  @Override
  void detach() {}

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
    if (isRemoved()) {
      return null;
    }
    Path path = path(name);
    HostAttributes host = HostAttributes.read(path);
    if (host == null) {
      invalidate(name);
      return null;
    }
    Dentry before = cachedPositive(name);
    if (before != null && before.inode().isSame(host)) {
      before.inode().update(host);
      before.inode().foundAs(before);
      return before;
    }
    return look(name, path, host);
  }

  private Dentry look(String name, Path path, HostAttributes host) throws ErrnoException {
    if ((host.mode() & FileMode.S_IFMT) == FileMode.S_IFDIR) {
      view.checkDevice(path, host, dev);
      return enter(name, new WritableDirectory(mount, host));
    }
    invalidate(name);
    boolean regular = (host.mode() & FileMode.S_IFMT) == FileMode.S_IFREG;
    Inode known = view.cached(host);
    if (known != null
        && (regular ? known instanceof WritableFile : known instanceof WritableNode)) {
      known.update(host);
      return fill(entry(name), known);
    }
    Dentry entry = entry(name);
    Inode inode =
        regular ? new WritableFile(mount, entry, host) : new WritableNode(mount, entry, host);
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
    for (String name : HostView.names(path())) {
      HostAttributes host = HostAttributes.read(path(name));
      if (host != null) {
        entries.add(new Entry(name, host.ino(), FileMode.directoryEntryType(host.mode())));
      }
    }
    return entries;
  }

  @Override
  void statfs(Kstatfs out) throws ErrnoException {
    mount.statfs(out);
  }

  // ---- Changes ----

  /** Something that {@code java.nio} does to the host. */
  @FunctionalInterface
  private interface HostChange {
    void run() throws IOException;
  }

  private static void onHost(HostChange change) throws ErrnoException {
    try {
      change.run();
    } catch (IOException e) {
      throw HostErrors.of(e);
    }
  }

  private Dentry made(String name, int newMode) throws ErrnoException {
    Dentry dentry = lookup(name);
    if (dentry == null) {
      throw new ErrnoException(Errno.EIO);
    }
    // The JVM's own umask may have taken bits away.
    if ((dentry.inode().mode & FileMode.PERMISSIONS & ~FileMode.S_ISGID)
        != (newMode & FileMode.PERMISSIONS)) {
      dentry.inode().chmod(newMode & FileMode.PERMISSIONS, 0);
    }
    return dentry;
  }

  @Override
  Dentry create(String name, int newMode, Credentials owner) throws ErrnoException {
    mount.checkMode(newMode);
    if ((newMode & FileMode.S_IFMT) != FileMode.S_IFREG) {
      throw new ErrnoException(Errno.EPERM);
    }
    onHost(() ->
        FileChannel.open(
                path(name),
                Set.of(
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE,
                    LinkOption.NOFOLLOW_LINKS),
                PosixFilePermissions.asFileAttribute(WritableMount.permissions(newMode)))
            .close());
    return made(name, newMode);
  }

  @Override
  Dentry mkdir(String name, int newMode, Credentials owner) throws ErrnoException {
    onHost(() ->
        Files.createDirectory(
            path(name), PosixFilePermissions.asFileAttribute(WritableMount.permissions(newMode))));
    return made(name, newMode | (mode & FileMode.S_ISGID));
  }

  @Override
  void symlink(String name, String target, Credentials owner) throws ErrnoException {
    onHost(() -> Files.createSymbolicLink(path(name), HostNames.linkTarget(target)));
  }

  @Override
  void link(String name, Dentry existing) throws ErrnoException {
    onHost(() -> Files.createLink(path(name), mount.path(existing)));
    existing.inode().changeLinks(1, view.nowNanos());
  }

  private void remove(Dentry victim) throws ErrnoException {
    onHost(() -> Files.delete(path(victim.name())));
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
    remove(victim);
  }

  @Override
  void rmdir(Dentry victim) throws ErrnoException {
    remove(victim);
  }

  @Override
  void rename(Dentry moved, Directory to, String name, @Nullable Dentry replaced, boolean exchange)
      throws ErrnoException {
    if (exchange) {
      throw new ErrnoException(Errno.EINVAL);
    }
    WritableDirectory target = (WritableDirectory) to;
    Dentry place = replaced != null ? replaced : target.entry(name);
    try {
      onHost(
          () -> Files.move(path(moved.name()), target.path(name), StandardCopyOption.ATOMIC_MOVE));
    } catch (ErrnoException e) {
      if (replaced == null && !place.isHashed()) {
        place.discard();
      }
      throw e;
    }
    place.hold();
    if (replaced != null) {
      target.gone(replaced);
    }
    moved.move(place, false);
    place.release();
  }
}
