package org.memarium.kernel.procfs;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.GeneratedFile;
import org.memarium.kernel.vfs.HostNames;
import org.memarium.kernel.vfs.Inode;
import org.memarium.kernel.vfs.MagicLink;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.PseudoDirectory;
import org.memarium.kernel.vfs.PseudoFileSystem;

/** {@code /proc/<pid>/fd} and {@code fdinfo}: an entry for each open descriptor. */
final class FdDirectory extends PseudoDirectory {

  private final ProcessView process;
  private final SystemView system;
  private final boolean info;

  /**
   * A directory.
   *
   * @param info whether it is {@code fdinfo}, with text, rather than {@code fd}, with links
   */
  FdDirectory(PseudoFileSystem fileSystem, ProcessView process, SystemView system, boolean info) {
    super(fileSystem, info ? 0555 : 0500);
    this.system = system;
    this.process = process;
    this.info = info;
  }

  @Override
  protected @Nullable Inode dynamicChild(String name) {
    int fd = ProcFs.number(name);
    OpenFile file = fd < 0 || process.isZombie() ? null : process.files().get(fd);
    if (file == null) {
      return null;
    }
    if (info) {
      return new GeneratedFile(
          fileSystem(),
          0444,
          () -> HostNames.toBytes(text(file, process.files().isCloseOnExec(fd))));
    }
    int permissions = (file.isReadable() ? 0500 : 0) | (file.isWritable() ? 0300 : 0);
    MagicLink link = MagicLink.toDentry(fileSystem(), permissions, file::dentry);
    link.setOwner(uid(), gid());
    link.setGuard(() -> PtraceAccess.check(system, process));
    return link;
  }

  private static String text(OpenFile file, boolean closeOnExec) {
    int flags = file.flags() | (closeOnExec ? Fcntl.O_CLOEXEC : 0);
    return "pos:\t%d\nflags:\t0%o\nmnt_id:\t1\nino:\t%d\n"
        .formatted(file.position(), flags, file.inode().ino());
  }

  @Override
  protected List<String> dynamicNames() {
    List<String> names = new ArrayList<>();
    if (process.isZombie()) {
      return names;
    }
    for (int fd : process.files().openDescriptors()) {
      names.add(Integer.toString(fd));
    }
    return names;
  }
}
