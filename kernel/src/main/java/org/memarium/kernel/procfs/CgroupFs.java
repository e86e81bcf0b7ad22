package org.memarium.kernel.procfs;

import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.GeneratedFile;
import org.memarium.kernel.vfs.PseudoDirectory;
import org.memarium.kernel.vfs.PseudoFileSystem;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.MemCgroup;
import org.memarium.mm.frame.MemCgroup.Event;
import org.memarium.mm.frame.MemCgroups;
import org.memarium.mm.reclaim.GroupStat;

/**
 * {@code /sys/fs/cgroup}: cgroup v2 with its memory controller (Linux 6.1 {@code
 * kernel/cgroup/cgroup.c}, {@code mm/memcontrol.c}). There is one group below the root, in which
 * all processes are; nobody makes another, and nobody moves.
 */
public final class CgroupFs {
  private static final int MINOR = 25;
  private static final long CGROUP2_SUPER_MAGIC = 0x63677270;
  private static final int WRITABLE = 0644;
  private static final int WRITE_ONLY = 0200;
  private static final String MAX = "max";

  private final PseudoFileSystem fileSystem;
  private final SystemView system;
  private final MemCgroups groups;

  private CgroupFs(SystemView system, LongSupplier clockNanos) {
    this.fileSystem = new PseudoFileSystem(MINOR, CGROUP2_SUPER_MAGIC, clockNanos);
    this.system = system;
    this.groups = system.memory().allocator().groups();
  }

  /** The root of the hierarchy, with the groups that there are. */
  static PseudoDirectory root(SystemView system, LongSupplier clockNanos) {
    CgroupFs cgroups = new CgroupFs(system, clockNanos);
    PseudoDirectory root = new PseudoDirectory(cgroups.fileSystem, 0555);
    cgroups.text(root, "cgroup.controllers", () -> "memory\n");
    cgroups.text(root, "cgroup.subtree_control", () -> "memory\n");
    cgroups.members(root, "cgroup.procs", () -> "");
    for (MemCgroup group : cgroups.groups.all()) {
      root.add(group.path().substring(1), cgroups.directory(group));
    }
    return root;
  }

  private PseudoDirectory directory(MemCgroup group) {
    PseudoDirectory directory = new PseudoDirectory(fileSystem, 0755);
    text(directory, "cgroup.controllers", () -> "memory\n");
    text(directory, "cgroup.subtree_control", () -> "\n");
    text(directory, "cgroup.type", () -> "domain\n");
    text(
        directory,
        "cgroup.events",
        () -> "populated %d\nfrozen 0\n".formatted(system.processes().isEmpty() ? 0 : 1));
    members(directory, "cgroup.procs", this::processes);
    members(directory, "cgroup.threads", this::threads);
    limits(directory, group);
    usage(directory, group);
    events(directory, group);
    return directory;
  }

  private String processes() {
    StringBuilder pids = new StringBuilder();
    system.processes().forEach(process -> pids.append(process.pid()).append('\n'));
    return pids.toString();
  }

  private String threads() {
    StringBuilder tids = new StringBuilder();
    for (ProcessView process : system.processes()) {
      process.threadViews().forEach(thread -> tids.append(thread.pid()).append('\n'));
    }
    return tids.toString();
  }

  // ---- Files ----

  private void text(PseudoDirectory directory, String name, Supplier<String> text) {
    directory.add(name, GeneratedFile.ofText(fileSystem, text));
  }

  private void setting(
      PseudoDirectory directory,
      String name,
      int permissions,
      Supplier<String> text,
      GeneratedFile.Writer writer) {
    directory.add(name, GeneratedFile.ofSetting(fileSystem, permissions, text, writer));
  }

  /** {@code cgroup.procs}: nobody may be moved. */
  private void members(PseudoDirectory directory, String name, Supplier<String> text) {
    setting(directory, name, WRITABLE, text, bytes -> -Errno.EPERM);
  }

  private void limits(PseudoDirectory directory, MemCgroup group) {
    limit(directory, "memory.min", group::min, group::setMin);
    limit(directory, "memory.low", group::low, group::setLow);
    limit(directory, "memory.high", group::high, pages -> groups.setHigh(group, pages));
    limit(directory, "memory.max", group::max, pages -> groups.setMax(group, pages));
    limit(directory, "memory.swap.high", group::swapHigh, group::setSwapHigh);
    limit(directory, "memory.swap.max", group::swapMax, group::setSwapMax);
    setting(
        directory,
        "memory.oom.group",
        WRITABLE,
        () -> group.isOomGroup() ? "1\n" : "0\n",
        bytes -> {
          String written = WrittenNumber.text(bytes).strip();
          if (!written.equals("0") && !written.equals("1")) {
            return -Errno.EINVAL;
          }
          group.setOomGroup(written.equals("1"));
          return bytes.length;
        });
    setting(
        directory,
        "memory.reclaim",
        WRITE_ONLY,
        () -> "",
        bytes -> {
          long pages = pages(WrittenNumber.text(bytes).strip(), "");
          if (pages < 0) {
            return -Errno.EINVAL;
          }
          return groups.reclaimProactively(group, pages) ? bytes.length : -Errno.EAGAIN;
        });
  }

  private void limit(PseudoDirectory directory, String name, LongSupplier get, LongConsumer set) {
    setting(
        directory,
        name,
        WRITABLE,
        () -> get.getAsLong() == MemCgroup.UNLIMITED ? MAX + "\n" : bytes(get.getAsLong()),
        bytes -> {
          long pages = pages(WrittenNumber.text(bytes).strip(), MAX);
          if (pages < 0) {
            return -Errno.EINVAL;
          }
          set.accept(pages);
          return bytes.length;
        });
  }

  private static String bytes(long pages) {
    return (pages << Ram.PAGE_SHIFT) + "\n";
  }

  private void usage(PseudoDirectory directory, MemCgroup group) {
    text(directory, "memory.current", () -> bytes(group.usage()));
    text(directory, "memory.peak", () -> bytes(group.peak()));
    text(directory, "memory.swap.current", () -> bytes(group.swapUsage()));
    text(
        directory,
        "memory.stat",
        () -> String.join("\n", GroupStat.of(system.memory(), group).lines()) + "\n");
  }

  private void events(PseudoDirectory directory, MemCgroup group) {
    Supplier<String> events =
        () ->
            "low %d\nhigh %d\nmax %d\noom %d\noom_kill %d\noom_group_kill %d\n"
                .formatted(
                    group.events(Event.LOW),
                    group.events(Event.HIGH),
                    group.events(Event.MAX),
                    group.events(Event.OOM),
                    group.events(Event.OOM_KILL),
                    group.events(Event.OOM_GROUP_KILL));
    text(directory, "memory.events", events);
    text(directory, "memory.events.local", events);
    text(
        directory,
        "memory.swap.events",
        () ->
            "high %d\nmax %d\nfail %d\n"
                .formatted(
                    group.events(Event.SWAP_HIGH),
                    group.events(Event.SWAP_MAX),
                    group.events(Event.SWAP_FAIL)));
  }

  /**
   * {@code page_counter_memparse}: bytes, with a unit, in whole pages.
   *
   * @param unlimited the word for no limit
   * @return -1 if it is no number of bytes
   */
  private static long pages(String text, String unlimited) {
    if (!unlimited.isEmpty() && text.equals(unlimited)) {
      return MemCgroup.UNLIMITED;
    }
    long bytes = MemParse.bytes(text);
    return bytes < 0 ? -1 : Math.min(bytes >>> Ram.PAGE_SHIFT, MemCgroup.UNLIMITED);
  }
}
