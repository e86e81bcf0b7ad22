package org.memarium.kernel.procfs;

import java.nio.charset.StandardCharsets;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.memarium.kernel.vfs.GeneratedFile;
import org.memarium.kernel.vfs.PseudoDirectory;
import org.memarium.kernel.vfs.PseudoFileSystem;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.FragmentationIndex;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.swap.SwapReadahead;
import org.memarium.mm.swap.Zswap;

/**
 * The root of {@code /sys}, and in it {@code kernel/debug}, which only root enters: how far free
 * memory lies in pieces; {@code kernel/mm/swap}; {@code devices/system/cpu}, where C libraries
 * count processors; what tells of zswap; and, where memory is limited, {@code fs/cgroup}. The rest
 * of Linux's tells of devices that this machine does not have.
 */
public final class SysFs extends PseudoDirectory {

  private static final int MINOR = 20;
  private static final long SYSFS_MAGIC = 0x62656572;
  private static final int ROOT_ONLY = 0700;

  /**
   * A file system; mount it with {@link org.memarium.kernel.vfs.Vfs#mount}.
   *
   * @param system what it tells of
   * @param clockNanos the machine's clock, for the times of its files
   */
  public SysFs(SystemView system, LongSupplier clockNanos) {
    super(new PseudoFileSystem(MINOR, SYSFS_MAGIC, clockNanos), 0555);
    PageAllocator allocator = system.memory().allocator();
    PseudoDirectory kernel = new PseudoDirectory(fileSystem(), 0555);
    PseudoDirectory debug = new PseudoDirectory(fileSystem(), ROOT_ONLY);
    PseudoDirectory extfrag = new PseudoDirectory(fileSystem(), 0555);
    add("kernel", kernel);
    kernel.add("debug", debug);
    debug.add("extfrag", extfrag);
    Zswap zswap = system.memory().swap().zswap();
    if (zswap != null) {
      debug.add("zswap", ZswapFiles.counters(fileSystem(), zswap));
      add("module", ZswapFiles.module(fileSystem(), zswap.parameters()));
    }
    file(extfrag, "extfrag_index", () -> FragmentationIndex.extfragIndexFile(allocator.zones()));
    addProcessors();
    addSwap(kernel, system.memory().swap().readahead());
    if (allocator.groups().areOn()) {
      PseudoDirectory fs = new PseudoDirectory(fileSystem(), 0555);
      add("fs", fs);
      fs.add("cgroup", CgroupFs.root(system, clockNanos));
    }
    file(extfrag, "unusable_index", () -> FragmentationIndex.unusableIndexFile(allocator.zones()));
  }

  /** {@code swap_init_sysfs}: {@code kernel/mm/swap}. */
  private void addSwap(PseudoDirectory kernel, SwapReadahead readahead) {
    PseudoDirectory mm = new PseudoDirectory(fileSystem(), 0555);
    PseudoDirectory swap = new PseudoDirectory(fileSystem(), 0555);
    kernel.add("mm", mm);
    mm.add("swap", swap);
    swap.add(
        "vma_ra_enabled",
        GeneratedFile.ofWritable(
            fileSystem(),
            0644,
            () -> (readahead.isVmaEnabled() + "\n").getBytes(StandardCharsets.ISO_8859_1),
            bytes -> setVmaReadahead(readahead, new String(bytes, StandardCharsets.ISO_8859_1))));
  }

  /** {@code vma_ra_enabled_store}, {@code kstrtobool}. */
  private static long setVmaReadahead(SwapReadahead readahead, String text) {
    boolean on = text.matches("(?s)([yYtT1]|[oO][nN]).*");
    if (!on && !text.matches("(?s)([nNfF0]|[oO][fF]).*")) {
      return -Errno.EINVAL;
    }
    readahead.setVmaEnabled(on);
    return text.length();
  }

  /** {@code drivers/base/cpu.c}: the lists of processors, of which there is one. */
  private void addProcessors() {
    PseudoDirectory devices = new PseudoDirectory(fileSystem(), 0555);
    PseudoDirectory system = new PseudoDirectory(fileSystem(), 0555);
    PseudoDirectory cpu = new PseudoDirectory(fileSystem(), 0555);
    add("devices", devices);
    devices.add("system", system);
    system.add("cpu", cpu);
    for (String list : new String[] {"online", "possible", "present"}) {
      file(cpu, list, () -> "0\n");
    }
  }

  private void file(PseudoDirectory directory, String name, Supplier<String> text) {
    directory.add(name, GeneratedFile.ofText(fileSystem(), text));
  }
}
