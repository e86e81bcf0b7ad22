package org.memarium.kernel.procfs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.Dentry;
import org.memarium.kernel.vfs.ErrnoException;
import org.memarium.kernel.vfs.FsStruct;
import org.memarium.kernel.vfs.GeneratedFile;
import org.memarium.kernel.vfs.HostNames;
import org.memarium.kernel.vfs.MagicLink;
import org.memarium.kernel.vfs.MemoryFile;
import org.memarium.kernel.vfs.PseudoDirectory;
import org.memarium.kernel.vfs.PseudoFile;
import org.memarium.kernel.vfs.PseudoFileSystem;
import org.memarium.kernel.vfs.RecordFile;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.MemCgroup;
import org.memarium.mm.frame.MemMap;

/** {@code /proc/<pid>}; Linux {@code fs/proc/base.c}, {@code tgid_base_stuff}. */
final class ProcessDirectory extends PseudoDirectory {

  private static final int READABLE = 0444;
  private static final int PRIVATE = 0400;
  private static final int WRITABLE = 0644;
  private static final int FOR_ALL = 0666;
  private static final int WRITE_ONLY = 0200;

  private final ProcessView process;
  private final SystemView system;
  private final boolean whole;
  private final List<PseudoFile> owned = new ArrayList<>();
  private boolean isGone;
  private final List<PseudoDirectory> directories = new ArrayList<>();

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
    addDirectory("map_files", new MapFilesDirectory(fileSystem, process, system));
    addDirectory("fd", new FdDirectory(fileSystem, process, system, false));
    addDirectory("fdinfo", new FdDirectory(fileSystem, process, system, true));
    if (whole) {
      addDirectory("task", new TaskDirectory(fileSystem, process, system, mounts));
    } else {
      text("children", () -> children(process));
    }
    revalidate();
  }

  /** Whether it is that of this very process. */
  boolean isOf(ProcessView other) {
    return process.equals(other);
  }

  /** {@code release_task}: whoever has its files open writes to nobody. */
  void setGone() {
    isGone = true;
  }

  /** {@code pid_revalidate}: whose the files are may have changed. */
  void revalidate() {
    setOwner(process.users().effective(), process.groups().effective());
    // What others of the same user may not look into is root's.
    int uid = process.isDumpable() ? process.users().effective() : 0;
    int gid = process.isDumpable() ? process.groups().effective() : 0;
    owned.forEach(file -> file.setOwner(uid, gid));
    directories.forEach(directory -> directory.setOwner(uid, gid));
  }

  private void addFiles(MountTable mounts) {
    text("cgroup", this::cgroup);
    bytes("cmdline", READABLE, process::commandLine);
    guarded(text("io", PRIVATE, () -> process.io(whole)));
    text("limits", () -> Limits.of(process));
    text("mounts", mounts::mounts);
    text("stat", () -> Stat.of(process, system, whole));
    text("statm", () -> Statm.of(process.mm()));
    text("status", () -> Status.of(process, system));
    // Nobody sleeps at a place in the kernel that has a name.
    bytes("wchan", READABLE, () -> new byte[] {'0'});
    text("personality", PRIVATE, () -> "%08x\n".formatted(process.personality()));
    addMemory();
    addSettings();
  }

  /** {@code proc_cgroup_show}: all processes are in the one group that there is. */
  private String cgroup() {
    List<MemCgroup> groups = system.memory().allocator().groups().all();
    return "0::" + (groups.isEmpty() ? "/" : groups.getFirst().path()) + "\n";
  }

  /**
   * {@code auxv_read}: steps by two of the kernel's words until it sees the closing pair. A word of
   * a 64-bit kernel holds a whole pair, so it may see one too many, and then it takes two.
   */
  private byte[] auxiliaryVector() {
    if (process.mm() == null) {
      return new byte[0];
    }
    byte[] vector = process.auxiliaryVector();
    int pairs = vector.length / Long.BYTES - 1;
    boolean pairIsWord = system.wordBytes() == Long.BYTES;
    return pairIsWord ? Arrays.copyOf(vector, (pairs + 2 + pairs % 2) * Long.BYTES) : vector;
  }

  /** Files that tell of the address space, to those who may look. */
  private void addMemory() {
    MemMap memMap = system.memory().memMap();
    needsMemory(bytes("auxv", PRIVATE, this::auxiliaryVector));
    needsMemory(bytes("environ", PRIVATE, process::environment));
    boolean requests = ProcRelease.of(system.layout()).answersRequests();
    PseudoFile maps = text("maps", () -> Maps.of(process.mm(), system.wordBytes()));
    guarded(maps);
    if (requests) {
      maps.setIoctl(new ProcMapQuery(process::mm));
    }
    guarded(text("smaps", () -> Smaps.of(process.mm(), system)));
    needsMemory(text("smaps_rollup", () -> Smaps.rollup(process.mm(), system)));
    RecordFile pagemap = new RecordFile(fileSystem(), PRIVATE, new PageMap(process::mm, memMap));
    file("pagemap", pagemap);
    needsMemory(pagemap);
    if (requests) {
      pagemap.setIoctl(new PageMapScan(process::mm, system.memory().allocator()));
    }
    MemoryFile mem = new MemoryFile(fileSystem(), () -> new ProcessMemory(process.mm(), system));
    file("mem", mem);
    needsMemory(mem);
    SettingFiles settings = new SettingFiles(process, system);
    SettingText nothingToRead =
        () -> {
          throw new ErrnoException(Errno.EINVAL);
        };
    writable("clear_refs", WRITE_ONLY, nothingToRead, settings::writeClearRefs)
        .setMostWrittenBytes(WrittenNumber.MAX_CHARACTERS);
    if (ProcRelease.of(system.layout()).hasNumaMaps()) {
      guarded(text("numa_maps", () -> NumaMaps.of(process.mm(), memMap)));
    }
  }

  private void addSettings() {
    OomFiles oom = new OomFiles(process, system);
    text("oom_score", oom::score);
    writable("oom_score_adj", WRITABLE, oom::scoreAdj, oom::writeScoreAdj)
        .setMostWrittenBytes(WrittenNumber.MAX_CHARACTERS);
    writable("oom_adj", WRITABLE, oom::adj, oom::writeAdj)
        .setMostWrittenBytes(WrittenNumber.MAX_CHARACTERS);
    SettingFiles settings = new SettingFiles(process, system);
    writable("comm", WRITABLE, settings::comm, settings::writeComm);
    writable("coredump_filter", WRITABLE, settings::coredumpFilter, settings::writeCoredumpFilter);
    writable("timerslack_ns", FOR_ALL, settings::timerSlack, settings::writeTimerSlack);
  }

  /** Only those who may look can open it. */
  private void guarded(PseudoFile file) {
    file.setGuard(() -> PtraceAccess.check(system, process));
  }

  /** The same, and nobody can when there is no address space any more. */
  private void needsMemory(PseudoFile file) {
    boolean refuses = ProcRelease.of(system.layout()).refusesWithoutMemory();
    file.setGuard(() -> {
      int denied = PtraceAccess.check(system, process);
      return denied < 0 ? denied : refuses && process.mm() == null ? -Errno.ESRCH : 0;
    });
  }

  private static String children(ProcessView process) {
    StringBuilder out = new StringBuilder();
    process.childPids().forEach(pid -> out.append(pid).append(' '));
    return out.toString();
  }

  private PseudoFile text(String name, Supplier<String> contents) {
    return text(name, READABLE, contents);
  }

  private PseudoFile text(String name, int permissions, Supplier<String> contents) {
    return bytes(name, permissions, () -> HostNames.toBytes(contents.get()));
  }

  private PseudoFile bytes(String name, int permissions, GeneratedFile.Contents contents) {
    return file(name, new GeneratedFile(fileSystem(), permissions, contents));
  }

  private GeneratedFile writable(
      String name, int permissions, SettingText contents, GeneratedFile.Writer writer) {
    GeneratedFile file =
        GeneratedFile.ofWritable(
            fileSystem(),
            permissions,
            () -> HostNames.toBytes(contents.make()),
            bytes -> {
              long result = writer.write(bytes);
              return isGone && result >= 0 ? -Errno.ESRCH : result;
            });
    file(name, file);
    return file;
  }

  private PseudoFile file(String name, PseudoFile file) {
    owned.add(file);
    add(name, file);
    return file;
  }

  /** A file's contents, or what reading it answers. */
  @FunctionalInterface
  private interface SettingText {
    String make() throws ErrnoException;
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
    guarded(link);
    file(name, link);
  }

  private void addDirectory(String name, PseudoDirectory directory) {
    directories.add(directory);
    add(name, directory);
  }
}
