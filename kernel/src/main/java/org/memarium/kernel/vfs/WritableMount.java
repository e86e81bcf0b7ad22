package org.memarium.kernel.vfs;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.memarium.mm.Errno;

/**
 * A folder of the host whose changes go through to the host, and to nothing else: names are
 * resolved component by component in here, no symbolic link is followed by the host, and neither a
 * hard link nor a rename crosses the border, since it would open a file outside to writing.
 *
 * <p>A program cannot give a file of the host a set-user-id or set-group-id bit, or make device
 * nodes: that would reach beyond the folder.
 */
final class WritableMount {

  /** Magic numbers of {@code include/uapi/linux/magic.h}, by the name in /proc/mounts. */
  private static final Map<String, Long> MAGIC =
      Map.of(
          "ext4", 0xef53L,
          "ext3", 0xef53L,
          "ext2", 0xef53L,
          "xfs", 0x58465342L,
          "btrfs", 0x9123683eL,
          "tmpfs", 0x01021994L,
          "overlay", 0x794c7630L,
          "f2fs", 0xf2f52010L,
          "nfs", 0x6969L,
          "fuse", 0x65735546L);

  private final HostView view;
  private final Path folder;

  WritableMount(HostView view, Path folder) {
    this.view = view;
    this.folder = folder;
  }

  HostView view() {
    return view;
  }

  /** Where on the host a name of this mount is now. */
  Path path(Dentry name) {
    Dentry parent = name.parent();
    if (parent != null && parent.inode() instanceof WritableDirectory up && up.mount() == this) {
      return HostNames.child(path(parent), name.name());
    }
    return folder;
  }

  void checkMode(int mode) throws ErrnoException {
    boolean directory = (mode & FileMode.S_IFMT) == FileMode.S_IFDIR;
    if (!directory && (mode & (FileMode.S_ISUID | FileMode.S_ISGID)) != 0) {
      throw new ErrnoException(Errno.EPERM);
    }
  }

  void chmod(Dentry name, int mode, int permissions) throws ErrnoException {
    if ((mode & FileMode.S_IFMT) == FileMode.S_IFLNK) {
      throw new ErrnoException(Errno.EOPNOTSUPP);
    }
    checkMode((mode & FileMode.S_IFMT) | permissions);
    set(path(name), "unix:mode", permissions);
  }

  void chown(Dentry name, int uid, int gid) throws ErrnoException {
    if (uid != -1) {
      set(path(name), "unix:uid", uid);
    }
    if (gid != -1) {
      set(path(name), "unix:gid", gid);
    }
  }

  private static void set(Path path, String attribute, int value) throws ErrnoException {
    try {
      Files.setAttribute(path, attribute, value, LinkOption.NOFOLLOW_LINKS);
    } catch (IOException e) {
      throw HostErrors.of(e);
    }
  }

  void utimens(Dentry name, long atimeNanos, long mtimeNanos) throws ErrnoException {
    try {
      Files.getFileAttributeView(
              path(name), BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
          .setTimes(
              FileTime.from(mtimeNanos, TimeUnit.NANOSECONDS),
              FileTime.from(atimeNanos, TimeUnit.NANOSECONDS),
              null);
    } catch (IOException e) {
      throw HostErrors.of(e);
    }
  }

  /** Permission bits as {@code java.nio} wants them. */
  static Set<PosixFilePermission> permissions(int mode) {
    PosixFilePermission[] byBit = {
      PosixFilePermission.OTHERS_EXECUTE,
      PosixFilePermission.OTHERS_WRITE,
      PosixFilePermission.OTHERS_READ,
      PosixFilePermission.GROUP_EXECUTE,
      PosixFilePermission.GROUP_WRITE,
      PosixFilePermission.GROUP_READ,
      PosixFilePermission.OWNER_EXECUTE,
      PosixFilePermission.OWNER_WRITE,
      PosixFilePermission.OWNER_READ
    };
    Set<PosixFilePermission> set = new TreeSet<>();
    for (int bit = 0; bit < byBit.length; bit++) {
      if ((mode & 1 << bit) != 0) {
        set.add(byBit[bit]);
      }
    }
    return set;
  }

  void statfs(Kstatfs out) throws ErrnoException {
    try {
      FileStore store = Files.getFileStore(folder);
      out.type = MAGIC.getOrDefault(store.type(), 0xef53L);
      out.blockSizeBytes = store.getBlockSize();
      out.blocks = store.getTotalSpace() / out.blockSizeBytes;
      out.blocksFree = store.getUnallocatedSpace() / out.blockSizeBytes;
      out.blocksAvailable = store.getUsableSpace() / out.blockSizeBytes;
      out.files = 0;
      out.filesFree = 0;
    } catch (IOException e) {
      throw HostErrors.of(e);
    }
  }
}
