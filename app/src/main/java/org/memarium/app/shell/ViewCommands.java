package org.memarium.app.shell;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.TlbStatistics;
import org.memarium.kernel.Machine;
import org.memarium.mm.fault.FaultKind;
import org.memarium.mm.frame.PageAllocator;

/** The whole machine: its views, settings, audit and trace. */
final class ViewCommands {
  private static final String SETTINGS = "/proc/sys/";

  private final Session session;
  private final Machine machine;
  private @Nullable TraceLines tracing;

  ViewCommands(Session session) {
    this.session = session;
    this.machine = session.machine();
  }

  void addTo(Registry registry) {
    registry.add(
        "cat",
        "PATH...",
        Topic.VIEWS,
        "prints a file of the machine; without a slash at its start, below /proc",
        this::cat);
    registry.add(
        "ls",
        "[PATH]",
        Topic.VIEWS,
        "lists a directory of the machine; without PATH /proc",
        this::ls);
    registry.add(
        "sysctl",
        "[SETTING]",
        Topic.VIEWS,
        "prints a setting, sets it (vm.NAME=VALUE), or prints all of vm",
        this::sysctl);
    registry.add(
        "audit",
        "",
        Topic.VIEWS,
        "counts everything again, and says where a counter is wrong",
        this::audit);
    registry.add(
        "trace",
        "on|off [EVENT...]",
        Topic.VIEWS,
        "prints every event of the memory manager, or those named, as it happens",
        this::trace);
    registry.add("dmesg", "", Topic.VIEWS, "prints the kernel's log", this::dmesg);
    registry.add("stats", "", Topic.VIEWS, "prints what the machine did so far", this::stats);
  }

  private @Nullable Long cat(Arguments arguments) {
    for (String path : arguments.from(0)) {
      session.out().text(machine.proc(path));
    }
    return null;
  }

  private @Nullable Long ls(Arguments arguments) {
    String path = arguments.has(0) ? arguments.word(0) : "/proc";
    String whole = path.startsWith("/") ? path : "/proc/" + path;
    for (String name : machine.files().list(whole)) {
      session.out().line(name);
    }
    return null;
  }

  private @Nullable Long sysctl(Arguments arguments) {
    if (!arguments.has(0)) {
      for (String name : machine.files().list(SETTINGS + "vm")) {
        print("vm." + name);
      }
      return null;
    }
    String setting = arguments.word(0);
    int equals = setting.indexOf('=');
    String name = equals < 0 ? setting : setting.substring(0, equals);
    if (equals >= 0) {
      machine.files().write(path(name), setting.substring(equals + 1) + "\n");
    }
    print(name);
    return null;
  }

  private void print(String name) {
    session
        .out()
        .format("%s = %s", name, machine.proc(path(name)).stripTrailing().replace('\t', ' '));
  }

  private static String path(String name) {
    return SETTINGS + name.replace('.', '/');
  }

  private @Nullable Long audit(Arguments arguments) {
    machine.audit();
    session.out().line("everything adds up");
    return null;
  }

  private @Nullable Long trace(Arguments arguments) {
    if (tracing != null) {
      machine.trace().stopListening(tracing);
      tracing = null;
    }
    switch (arguments.word(0)) {
      case "on" -> {
        TraceLines lines = new TraceLines(session.out(), List.copyOf(arguments.from(1)));
        machine.trace().listen(lines);
        tracing = lines;
      }
      case "off" -> {}
      default -> throw new ShellError("trace is on or off, not " + arguments.word(0));
    }
    return null;
  }

  private @Nullable Long dmesg(Arguments arguments) {
    machine.log().lines().forEach(line -> session.out().line(line.toString()));
    return null;
  }

  private @Nullable Long stats(Arguments arguments) {
    PageAllocator allocator = machine.memory().allocator();
    row("instructions", machine.cpu().instructions(), "");
    TlbStatistics tlb = machine.mmu().statistics();
    row("TLB hits", tlb.dataHits() + tlb.fetchHits(), "data and instructions");
    row("TLB misses", tlb.dataMisses() + tlb.fetchMisses(), "each a page walk");
    long faults = 0;
    for (FaultKind kind : FaultKind.values()) {
      faults += machine.faults().faults(kind);
    }
    row("page faults", faults, "");
    for (FaultKind kind : FaultKind.values()) {
      if (machine.faults().faults(kind) > 0) {
        row("  " + kind.word(), machine.faults().faults(kind), "");
      }
    }
    row(
        "pages free",
        allocator.node().freePages(),
        "of " + "%,d".formatted(allocator.node().totalRamPages()));
    machine
        .proc("vmstat")
        .lines()
        .filter(line -> line.startsWith("pg") && !line.endsWith(" 0"))
        .forEach(line -> {
          String[] words = line.split(" ", 2);
          row(words[0], Long.parseLong(words[1]), "");
        });
    return null;
  }

  private void row(String what, long number, String remark) {
    session.out().line(String.format(Locale.ROOT, "%-28s %,16d  %s", what, number, remark));
  }
}
