package org.memarium.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.CpuModel;
import org.memarium.hardware.PageTableFormat;
import org.memarium.kernel.MachineConfig;
import org.memarium.kernel.MachineConfigBuilder;
import org.memarium.kernel.Network;
import org.memarium.kernel.Preset;
import org.memarium.kernel.SwapArea;
import org.memarium.kernel.error.UsageException;
import org.memarium.mm.reclaim.PolicyChoice;
import org.memarium.mm.slab.SlubDebugOptions;
import org.memarium.mm.space.Layout;
import org.memarium.mm.swap.ZswapParameters;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that say what machine is booted; every command that boots one has them. */
final class MachineOptions {
  @Option(
      names = "--ram",
      paramLabel = "SIZE",
      converter = Size.Converter.class,
      description = "RAM of the machine, such as 64M or 1G (default: 128M).")
  private @Nullable Long ramBytes;

  @Option(
      names = "--swap",
      paramLabel = "SIZE[,PRIORITY][,ssd]",
      converter = SwapOption.OfSize.class,
      description = {
        "A swap area of that size, such as 256M, on a temporary file that vanishes with this"
            + " process. The disk turns, unless it is said to be an ssd. Repeatable."
      })
  private List<SwapArea> swap = new ArrayList<>();

  @Option(
      names = "--swap-file",
      paramLabel = "FILE[,PRIORITY][,ssd]",
      converter = SwapOption.OfFile.class,
      description = "A swap area on a file of yours, which mkswap has made one. Repeatable.")
  private List<SwapArea> swapFiles = new ArrayList<>();

  @Option(
      names = "--zswap",
      paramLabel = "PARAMETER=VALUE[,...]",
      converter = ZswapOption.class,
      description = {
        "Compressed RAM in front of the swap areas. 'enabled=Y' alone does; others are those of"
            + " /sys/module/zswap/parameters: max_pool_percent=20, accept_threshold_percent=90,"
            + " same_filled_pages_enabled=Y, non_same_filled_pages_enabled=Y."
      })
  private @Nullable ZswapParameters zswap;

  @Option(
      names = "--preset",
      paramLabel = "PRESET",
      converter = PresetConverter.class,
      description = {
        "A whole kind of machine, which the options below may still change:",
        "i386, i386-pae, x86_64: as Linux 6.1 is there (default: i386);",
        "guide: as i386, with free blocks of order 0 to 9 and kmalloc of 32 to 131072 bytes, as"
            + " older texts describe it."
      })
  private @Nullable Preset preset;

  @Option(
      names = "--slub-debug",
      paramLabel = "OPTIONS",
      converter = SlubDebugConverter.class,
      description = {
        "Finds errors in the use of slabs, as Linux's boot option slub_debug: FZPU for all caches,"
            + " P,kmalloc-* poison for some (default: off)."
      })
  private @Nullable SlubDebugOptions slubDebug;

  @ArgGroup(exclusive = false)
  private @Nullable FaultOptions faults;

  @Option(
      names = "--layout",
      paramLabel = "LAYOUT",
      converter = LayoutConverter.class,
      description = {
        "The kernel that the program finds itself on:",
        "i386: 32-bit, user space below 3 GiB (default);",
        "compat: 64-bit, nearly 4 GiB for the program."
      })
  private @Nullable Layout layout;

  @Option(
      names = "--paging",
      paramLabel = "FORMAT",
      converter = PagingConverter.class,
      description = {
        "Shape of the page tables: two-level (default) or pae with the i386 layout, four-level"
            + " with compat."
      })
  private @Nullable PageTableFormat paging;

  @Option(
      names = "--cpu",
      paramLabel = "MODEL",
      converter = CpuConverter.class,
      description = {
        "The processor: pentium4, which has MMX, SSE and SSE2 (default), or i686, which has not."
      })
  private CpuModel cpu = CpuModel.DEFAULT;

  @Option(
      names = "--tlb",
      paramLabel = "NxWAYS",
      converter = TlbShape.Converter.class,
      description = "Entries of the TLB and how many make a set (default: 64x4).")
  private @Nullable TlbShape tlb;

  @Option(
      names = "--pcid",
      description = "Keep translations in the TLB when processes take turns (--layout compat).")
  private boolean pcid;

  @Option(
      names = "--reclaim",
      paramLabel = "POLICY",
      description =
          "Which pages go when memory is short: linux (default), its two lists; mglru, its"
              + " generations; fifo, clock, lru (exact, slow), random; optimum:FILE, which knows"
              + " the future from a recording of the same run.")
  private @Nullable String reclaim;

  @Option(
      names = "--record-pages",
      paramLabel = "FILE",
      description = "Record the order in which pages are used, for --reclaim optimum:FILE (slow).")
  private @Nullable Path recordPages;

  @Option(
      names = "--quantum",
      paramLabel = "NUMBER",
      description = "Instructions after which the next process has its turn (default: 1000000).")
  private @Nullable Long quantum;

  @Option(
      names = "--cold-files",
      description = {
        "No file is in the page cache at first, as after boot: its pages come from the disk, with"
            + " readahead. Otherwise only pages that reclaim has taken do."
      })
  private boolean coldFiles;

  @Option(
      names = "--costs",
      paramLabel = "FILE",
      description = {
        "What things cost on the machine whose time the report computes: a line NAME=NANOS for"
            + " each, as scripts/measure-costs prints them; docs/virtual-time.md has the defaults."
      })
  private @Nullable Path costFile;

  @Option(
      names = "--cost",
      paramLabel = "NAME=NANOS",
      description = "One of them: minor-fault=420, instruction=0.35. Repeatable.")
  private List<String> costs = new ArrayList<>();

  @Option(
      names = "--network",
      paramLabel = "MODE",
      converter = NetworkConverter.class,
      description = {
        "Whom sockets reach: none, the UNIX domain alone (default), or loopback, TCP and UDP inside"
            + " the machine. Nothing reaches the host's network."
      })
  private Network network = Network.NONE;

  @ArgGroup(exclusive = false)
  private @Nullable GroupOptions group;

  @Option(
      names = "--limit",
      paramLabel = "NAME=VALUE",
      converter = LimitOption.Converter.class,
      description = {
        "A resource limit, named as in prlimit: as=64M, stack=1M:unlimited, data=unlimited."
            + " Repeatable."
      })
  private List<LimitOption> limits = new ArrayList<>();

  @Option(
      names = "--seed",
      paramLabel = "NUMBER",
      description = "What everything random derives from (default: 0).")
  private long seed;

  @Option(
      names = "--randomize",
      description = "Randomise the address space, from the seed (default: off).")
  private boolean randomize;

  @Option(
      names = "--root",
      paramLabel = "FOLDER",
      description = "The folder that the program sees as / (default: /).")
  private Path root = Path.of("/");

  @Option(
      names = "--writable",
      paramLabel = "FOLDER",
      description = {
        "Lets what the program writes there through to your files. Repeatable. Anything else that"
            + " it writes ends with the machine."
      })
  private List<Path> writable = new ArrayList<>();

  @Option(
      names = "--check",
      description = "Recounts all memory at every system call and stops where it does not add up.")
  private boolean check;

  /** The folder of the host that is the machine's /, absolute. */
  Path root() {
    return root.toAbsolutePath().normalize();
  }

  /** Whether memory is recounted at every system call. */
  boolean check() {
    return check;
  }

  /** What these options ask for, with the standard streams of a command. */
  MachineConfig config(StandardStreams streams) {
    return config(streams, true);
  }

  /**
   * What these options ask for.
   *
   * @param input whether programs read the command's standard input; else they find its end
   */
  MachineConfig config(StandardStreams streams, boolean input) {
    MachineConfigBuilder config =
        MachineConfig.builder()
            .seed(seed)
            .randomise(randomize)
            .cpu(cpu)
            .network(network)
            .root(root)
            .workingDirectory(workingDirectory())
            .checks(check)
            .standardOutput(streams.out())
            .standardError(streams.err());
    if (input) {
      config.standardInput(streams.in());
    }
    for (int fd = input ? 0 : 1; fd < streams.terminals().length; fd++) {
      config.terminal(fd, streams.terminals()[fd]);
    }
    swap.forEach(config::swap);
    swapFiles.forEach(config::swap);
    config.zswap(zswap);
    writable.forEach(config::writable);
    limits.forEach(limit -> config.limit(limit.resource(), limit.soft(), limit.hard()));
    if (preset != null) {
      config.preset(preset);
    }
    if (group != null) {
      config.memoryLimits(group.limits());
    }
    if (slubDebug != null) {
      config.slubDebug(slubDebug);
    }
    if (faults != null) {
      config.faultInjection(faults.injection());
    }
    if (ramBytes != null) {
      config.ramBytes(ramBytes);
    }
    if (layout != null) {
      config.layout(layout);
    }
    if (paging != null) {
      config.pageTableFormat(paging);
    }
    if (tlb != null) {
      config.tlb(tlb.entries(), tlb.ways());
    }
    config.coldFiles(coldFiles);
    config.costs(CostOptions.model(costFile, costs));
    config.pcid(pcid);
    if (reclaim != null) {
      config.reclaimPolicy(policy(reclaim));
    }
    if (recordPages != null) {
      config.recordPages(writableFile(recordPages));
    }
    if (quantum != null) {
      config.quantum(quantum);
    }
    user(config);
    return config.build();
  }

  /** The program runs as whoever started it; where the host has no numbers for users, as root. */
  private static void user(MachineConfigBuilder config) {
    Path self = Path.of("/proc/self");
    try {
      config.user(
          (Integer) Files.getAttribute(self, "unix:uid"),
          (Integer) Files.getAttribute(self, "unix:gid"));
    } catch (IOException | UnsupportedOperationException _) {
      config.user(0, 0);
    }
  }

  /** The current folder if the program can see it, else /. */
  private String workingDirectory() {
    Path here = Path.of("").toAbsolutePath();
    return here.startsWith(root()) ? "/" + root().relativize(here) : "/";
  }

  static final class PresetConverter implements ITypeConverter<Preset> {
    @Override
    public Preset convert(String text) {
      Preset preset = Preset.named(text);
      if (preset == null) {
        throw new TypeConversionException(
            "there is no preset '%s'; there are %s".formatted(text, Preset.names()));
      }
      return preset;
    }
  }

  static final class SlubDebugConverter implements ITypeConverter<SlubDebugOptions> {
    @Override
    public SlubDebugOptions convert(String text) {
      try {
        return SlubDebugOptions.parse(text);
      } catch (IllegalArgumentException wrong) {
        throw new TypeConversionException("slub_debug: " + wrong.getMessage());
      }
    }
  }

  static final class LayoutConverter implements ITypeConverter<Layout> {
    @Override
    public Layout convert(String text) {
      return switch (text) {
        case "i386" -> Layout.I386;
        case "compat" -> Layout.COMPAT;
        default ->
            throw new TypeConversionException(
                "there is no layout '%s'; there are i386 and compat".formatted(text));
      };
    }
  }

  static final class PagingConverter implements ITypeConverter<PageTableFormat> {
    @Override
    public PageTableFormat convert(String text) {
      return switch (text) {
        case "two-level" -> PageTableFormat.TWO_LEVEL;
        case "pae" -> PageTableFormat.PAE;
        case "four-level" -> PageTableFormat.FOUR_LEVEL;
        default ->
            throw new TypeConversionException(
                "there are no page tables '%s'; there are two-level, pae and four-level"
                    .formatted(text));
      };
    }
  }

  static final class CpuConverter implements ITypeConverter<CpuModel> {
    @Override
    public CpuModel convert(String text) {
      CpuModel model = CpuModel.named(text);
      if (model == null) {
        throw new TypeConversionException(
            "there is no processor '%s'; there are %s".formatted(text, CpuModel.names()));
      }
      return model;
    }
  }

  static final class NetworkConverter implements ITypeConverter<Network> {
    @Override
    public Network convert(String text) {
      Network network = Network.named(text);
      if (network == null) {
        throw new TypeConversionException(
            "there is no network '%s'; there are %s".formatted(text, Network.names()));
      }
      return network;
    }
  }

  /** {@code --tlb 64x4}. */
  record TlbShape(int entries, int ways) {
    static final class Converter implements ITypeConverter<TlbShape> {
      @Override
      public TlbShape convert(String text) {
        String[] parts = text.split("x", -1);
        try {
          if (parts.length == 2) {
            return new TlbShape(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
          }
        } catch (NumberFormatException _) {
          // Answered below, with everything else that is not of this form.
        }
        throw new TypeConversionException(
            "'%s' is no TLB; one looks like 64x4: 64 entries in sets of 4".formatted(text));
      }
    }
  }

  /** A policy's name, and behind a colon the recording that it needs. */
  private static PolicyChoice policy(String text) {
    int colon = text.indexOf(':');
    try {
      if (colon < 0) {
        return PolicyChoice.of(text);
      }
      String name = text.substring(0, colon);
      if (!PolicyChoice.needsRecording(name)) {
        throw new UsageException("--reclaim " + name + " needs no recording");
      }
      return PolicyChoice.optimum(Path.of(text.substring(colon + 1)));
    } catch (IllegalArgumentException wrong) {
      throw new UsageException("--reclaim: " + wrong.getMessage());
    } catch (IOException failure) {
      throw new UsageException(
          "--reclaim: %s cannot be read: %s"
              .formatted(text.substring(colon + 1), HostError.of(failure)));
    }
  }

  /** Makes the file, so that it is known now if it cannot be. */
  private static Path writableFile(Path file) {
    try {
      Files.newOutputStream(file).close();
      return file;
    } catch (IOException failure) {
      throw new UsageException(
          "--record-pages: %s cannot be written: %s".formatted(file, HostError.of(failure)));
    }
  }
}
