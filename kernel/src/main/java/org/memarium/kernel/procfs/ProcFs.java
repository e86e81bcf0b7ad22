package org.memarium.kernel.procfs;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.GeneratedFile;
import org.memarium.kernel.vfs.Inode;
import org.memarium.kernel.vfs.MagicLink;
import org.memarium.kernel.vfs.PseudoDirectory;
import org.memarium.kernel.vfs.PseudoFileSystem;

/** The root of {@code /proc}; Linux {@code fs/proc/root.c}. */
public final class ProcFs extends PseudoDirectory {

  private static final int MINOR = 21;
  private static final long PROC_SUPER_MAGIC = 0x9fa0;
  private static final int PID_MAX = 32768;

  private final SystemView system;
  private final MountTable mounts;
  private final TreeMap<Integer, ProcessDirectory> directories = new TreeMap<>();

  /**
   * A file system; mount it with {@link org.memarium.kernel.vfs.Vfs#mount}.
   *
   * @param system what it tells of
   * @param mounts what {@code /proc/mounts} prints
   * @param clockNanos the machine's clock, for the times of its files
   */
  public ProcFs(SystemView system, MountTable mounts, LongSupplier clockNanos) {
    super(new PseudoFileSystem(MINOR, PROC_SUPER_MAGIC, clockNanos), 0555);
    this.system = system;
    this.mounts = mounts;
    addFiles();
    addSys();
    add("self", MagicLink.toPath(fileSystem(), this::currentPid));
    add("mounts", MagicLink.toPath(fileSystem(), () -> "self/mounts"));
  }

  private void addFiles() {
    text(this, "buddyinfo", () -> BuddyInfo.of(system.memory().allocator()));
    text(this, "filesystems", () -> "nodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\toverlay\n");
    text(this, "loadavg", () -> SystemFiles.loadavg(system));
    text(this, "meminfo", () -> MemInfo.of(system));
    text(this, "stat", () -> SystemFiles.stat(system));
    text(this, "swaps", () -> "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    text(this, "uptime", () -> SystemFiles.uptime(system));
    text(this, "version", () -> SystemFiles.version(system));
    text(this, "vmstat", () -> VmStatFile.of(system.memory().allocator()));
  }

  /** {@code /proc/sys}: what can be asked for and is told the truth. */
  private void addSys() {
    PseudoDirectory sys = new PseudoDirectory(fileSystem(), 0555);
    PseudoDirectory kernel = new PseudoDirectory(fileSystem(), 0555);
    text(kernel, "hostname", () -> system.hostName() + "\n");
    text(kernel, "osrelease", () -> system.osRelease() + "\n");
    text(kernel, "ostype", () -> system.osType() + "\n");
    text(kernel, "pid_max", () -> PID_MAX + "\n");
    text(kernel, "version", () -> system.version() + "\n");
    sys.add("kernel", kernel);
    PseudoDirectory vm = new PseudoDirectory(fileSystem(), 0555);
    text(vm, "max_map_count", () -> system.memory().maxMapCount() + "\n");
    text(vm, "mmap_min_addr", () -> system.memory().mmapMinAddress() + "\n");
    text(vm, "overcommit_memory", () -> overcommit() + "\n");
    text(vm, "overcommit_ratio", () -> system.memory().overcommitRatio() + "\n");
    sys.add("vm", vm);
    add("sys", sys);
  }

  private void text(PseudoDirectory directory, String name, Supplier<String> contents) {
    directory.add(name, GeneratedFile.ofText(fileSystem(), contents));
  }

  private int overcommit() {
    return switch (system.memory().overcommit()) {
      case GUESS -> 0;
      case ALWAYS -> 1;
      case NEVER -> 2;
    };
  }

  private @Nullable String currentPid() {
    ProcessView current = system.current();
    return current == null ? null : Integer.toString(current.pid());
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

  @Override
  protected @Nullable Inode dynamicChild(String name) {
    int pid = number(name);
    for (ProcessView process : system.processes()) {
      if (process.pid() == pid) {
        ProcessDirectory directory = directories.get(pid);
        if (directory == null || !directory.isOf(process)) {
          directory = new ProcessDirectory(fileSystem(), process, system, mounts);
          directories.put(pid, directory);
        }
        return directory;
      }
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
