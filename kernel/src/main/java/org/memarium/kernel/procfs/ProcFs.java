package org.memarium.kernel.procfs;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.ipc.IpcNamespace;
import org.memarium.kernel.vfs.GeneratedFile;
import org.memarium.kernel.vfs.Inode;
import org.memarium.kernel.vfs.MagicLink;
import org.memarium.kernel.vfs.PseudoDirectory;
import org.memarium.kernel.vfs.PseudoFileSystem;
import org.memarium.kernel.vfs.RecordFile;
import org.memarium.mm.frame.PageAllocator;

/** The root of {@code /proc}; Linux {@code fs/proc/root.c}. */
public final class ProcFs extends PseudoDirectory {

  private static final int MINOR = 21;
  private static final long PROC_SUPER_MAGIC = 0x9fa0;

  /** Permissions of what only root may read. */
  private static final int PRIVATE = 0400;

  private static final int PID_MAX = 32768;

  private final SystemView system;
  private final MountTable mounts;
  private final Sysctl kernelSettings;
  private final TreeMap<Integer, ProcessDirectory> directories = new TreeMap<>();

  /**
   * A file system; mount it with {@link org.memarium.kernel.vfs.Vfs#mount}.
   *
   * @param system what it tells of
   * @param mounts what {@code /proc/mounts} prints
   * @param clockNanos the machine's clock, for the times of its files
   */
  public ProcFs(SystemView system, MountTable mounts, LongSupplier clockNanos) {
    super(PseudoFileSystem.proc(MINOR, PROC_SUPER_MAGIC, clockNanos), 0555);
    this.system = system;
    this.mounts = mounts;
    addFiles();
    kernelSettings = addSys();
    add("self", MagicLink.toPath(fileSystem(), this::currentPid));
    add("thread-self", MagicLink.toPath(fileSystem(), this::currentTask));
    add("mounts", MagicLink.toPath(fileSystem(), () -> "self/mounts"));
  }

  private void addFiles() {
    PageAllocator allocator = system.memory().allocator();
    text(this, "buddyinfo", () -> BuddyInfo.of(allocator));
    text(this, "cpuinfo", () -> CpuInfo.of(system));
    text(this, "filesystems", () -> "nodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\toverlay\n");
    text(this, "iomem", () -> IoMem.of(allocator.memblock(), currentIsRoot()));
    add("kpagecount", new RecordFile(fileSystem(), PRIVATE, PageWords.counts(allocator)));
    add("kpageflags", new RecordFile(fileSystem(), PRIVATE, PageWords.flags(allocator)));
    text(this, "loadavg", () -> SystemFiles.loadavg(system));
    text(this, "meminfo", () -> MemInfo.of(system));
    secret("pagetypeinfo", () -> PageTypeInfo.of(allocator));
    secret("slabinfo", () -> SlabInfoFile.of(system.slab()));
    text(this, "stat", () -> SystemFiles.stat(system));
    text(this, "swaps", () -> Swaps.of(system.memory().swap()));
    text(this, "uptime", () -> SystemFiles.uptime(system));
    text(this, "version", () -> SystemFiles.version(system));
    secret("vmallocinfo", () -> VmallocInfoFile.of(system));
    text(this, "vmstat", () -> VmStatFile.of(system.memory()));
    text(this, "zoneinfo", () -> ZoneInfo.of(allocator));
  }

  private void secret(String name, Supplier<String> contents) {
    add(name, GeneratedFile.ofText(fileSystem(), PRIVATE, contents));
  }

  /** Adds the files that tell of System V's objects, and the settings of those. */
  public void addIpc(IpcNamespace ipc) {
    PseudoDirectory sysvipc = new PseudoDirectory(fileSystem(), 0555);
    add("sysvipc", sysvipc);
    text(sysvipc, "shm", () -> SysvIpc.shm(ipc.sharedMemory(), system.wordBytes()));
    text(sysvipc, "sem", () -> SysvIpc.sem(ipc.semaphores()));
    text(sysvipc, "msg", () -> SysvIpc.msg(ipc.messageQueues()));
    SysvIpc.addLimits(kernelSettings, ipc);
  }

  /** {@code /proc/sys}: what can be asked for and is told the truth; answers its {@code kernel}. */
  private Sysctl addSys() {
    PseudoDirectory sys = new PseudoDirectory(fileSystem(), 0555);
    add("sys", sys);
    Sysctl kernel = sysctl(sys, "kernel");
    kernel.text("hostname", system::hostName);
    kernel.text("osrelease", system::osRelease);
    kernel.text("ostype", system::osType);
    kernel.text("pid_max", () -> Integer.toString(PID_MAX));
    kernel.text("version", system::version);
    VmSysctls.addTo(sysctl(sys, "vm"), system);
    return kernel;
  }

  private Sysctl sysctl(PseudoDirectory sys, String name) {
    PseudoDirectory directory = new PseudoDirectory(fileSystem(), 0555);
    sys.add(name, directory);
    return new Sysctl(fileSystem(), directory, system.wordBytes());
  }

  private void text(PseudoDirectory directory, String name, Supplier<String> contents) {
    directory.add(name, GeneratedFile.ofText(fileSystem(), contents));
  }

  /** Whether it is root who looks: with nobody running, whoever drives the machine does. */
  private boolean currentIsRoot() {
    ProcessView current = system.current();
    return current == null || current.credentials().isRoot();
  }

  private @Nullable String currentPid() {
    ProcessView current = system.current();
    return current == null ? null : Integer.toString(current.tgid());
  }

  private @Nullable String currentTask() {
    ProcessView current = system.current();
    return current == null ? null : current.tgid() + "/task/" + current.pid();
  }

  /** A name that is a number without leading zeroes, or -1. */
  static int number(String name) {
    if (name.isEmpty() || name.length() > 9 || (name.length() > 1 && name.charAt(0) == '0')) {
      return -1;
    }
    for (int i = 0; i < name.length(); i++) {
      if (name.charAt(i) < '0' || name.charAt(i) > '9') {
        return -1;
      }
    }
    return Integer.parseInt(name);
  }

  /** {@code proc_flush_pid}: a process is gone for good, and its directory with it. */
  public void forget(int pid) {
    ProcessDirectory directory = directories.remove(pid);
    if (directory != null) {
      directory.setGone();
      forget(Integer.toString(pid));
    }
  }

  @Override
  protected @Nullable Inode dynamicChild(String name) {
    int pid = number(name);
    ProcessView process = pid < 0 ? null : system.process(pid);
    if (process != null) {
      ProcessDirectory directory = directories.get(pid);
      if (directory == null || !directory.isOf(process)) {
        directory = new ProcessDirectory(fileSystem(), process, system, mounts, true);
        directories.put(pid, directory);
      }
      directory.revalidate();
      return directory;
    }
    directories.remove(pid);
    return null;
  }

  @Override
  protected List<String> dynamicNames() {
    List<String> names = new ArrayList<>();
    for (ProcessView process : system.processes()) {
      names.add(Integer.toString(process.pid()));
    }
    return names;
  }
}
