package org.memarium.kernel.procfs;

import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.Dentry;
import org.memarium.kernel.vfs.FsStruct;
import org.memarium.kernel.vfs.GeneratedFile;
import org.memarium.kernel.vfs.HostNames;
import org.memarium.kernel.vfs.MagicLink;
import org.memarium.kernel.vfs.PseudoDirectory;
import org.memarium.kernel.vfs.PseudoFileSystem;
import org.memarium.kernel.vfs.RecordFile;
import org.memarium.mm.frame.MemMap;

/** {@code /proc/<pid>}; Linux {@code fs/proc/base.c}, {@code tgid_base_stuff}. */
final class ProcessDirectory extends PseudoDirectory {

  private static final int READABLE = 0444;
  private static final int PRIVATE = 0400;

  private final ProcessView process;
  private final SystemView system;
  private final boolean whole;

  /**
   * The directory of a process, or of a thread.
   *
   * @param whole of the process, with a directory for each of its threads
   */
  ProcessDirectory(
      PseudoFileSystem fileSystem,
      ProcessView process,
      SystemView system,
      MountTable mounts,
      boolean whole) {
    super(fileSystem, 0555);
    this.whole = whole;
    this.process = process;
    this.system = system;
    addFiles(mounts);
    addLinks();
    addDirectory("fd", new FdDirectory(fileSystem, process, false));
    addDirectory("fdinfo", new FdDirectory(fileSystem, process, true));
    if (whole) {
      addDirectory("task", new TaskDirectory(fileSystem, process, system, mounts));
    } else {
      text("children", () -> children(process));
    }
    setOwner(process.credentials().fsuid(), process.credentials().fsgid());
  }

  /** Whether it is that of this very process. */
  boolean isOf(ProcessView other) {
    return process.equals(other);
  }

  private void addFiles(MountTable mounts) {
    bytes("auxv", PRIVATE, process::auxiliaryVector);
    bytes("cmdline", READABLE, process::commandLine);
    text("comm", () -> process.comm() + "\n");
    bytes("environ", PRIVATE, process::environment);
    text("limits", () -> Limits.of(process));
    text("maps", () -> Maps.of(process.mm(), system.wordBytes()));
    MemMap memMap = system.memory().memMap();
    RecordFile pagemap = new RecordFile(fileSystem(), PRIVATE, new PageMap(process::mm, memMap));
    pagemap.setOwner(process.credentials().fsuid(), process.credentials().fsgid());
    add("pagemap", pagemap);
    text("smaps", () -> Smaps.of(process.mm(), memMap, system.wordBytes()));
    text("smaps_rollup", () -> Smaps.rollup(process.mm(), memMap, system.wordBytes()));
    text("mounts", mounts::mounts);
    text("stat", () -> Stat.of(process, system, whole));
    text("statm", () -> Statm.of(process.mm()));
    text("status", () -> Status.of(process));
  }

  private static String children(ProcessView process) {
    StringBuilder out = new StringBuilder();
    process.childPids().forEach(pid -> out.append(pid).append(' '));
    return out.toString();
  }

  private void text(String name, Supplier<String> contents) {
    bytes(name, READABLE, () -> HostNames.toBytes(contents.get()));
  }

  private void bytes(String name, int permissions, Supplier<byte[]> contents) {
    GeneratedFile file = new GeneratedFile(fileSystem(), permissions, contents);
    file.setOwner(process.credentials().fsuid(), process.credentials().fsgid());
    add(name, file);
  }

  private void addLinks() {
    link("cwd", MagicLink.toDentry(fileSystem(), 0777, () -> place(FsStruct::pwd)));
    link("exe", MagicLink.toDentry(fileSystem(), 0777, process::executable));
    link("root", MagicLink.toDentry(fileSystem(), 0777, () -> place(FsStruct::root)));
  }

  private @Nullable Dentry place(Function<FsStruct, Dentry> which) {
    return process.isZombie() ? null : which.apply(process.fs());
  }

  private void link(String name, MagicLink link) {
    link.setOwner(process.credentials().fsuid(), process.credentials().fsgid());
    add(name, link);
  }

  private void addDirectory(String name, PseudoDirectory directory) {
    directory.setOwner(process.credentials().fsuid(), process.credentials().fsgid());
    add(name, directory);
  }
}
