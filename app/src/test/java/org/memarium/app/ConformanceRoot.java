package org.memarium.app;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.memarium.kernel.Machine;
import org.memarium.kernel.MachineConfig;
import org.memarium.kernel.MachineConfigBuilder;

/**
 * A folder that is / for a program, on the host's kernel and in a machine: Debian's 32-bit
 * packages, the cases in {@code /cases}, and {@code /work}, which is empty when a case starts and
 * is looked at when it has ended.
 */
final class ConformanceRoot {
  /** Where the cases are. */
  static final Path CASES = Oracles.HOME.resolve("app/src/test/conformance");

  /** No case needs a third of it; a machine that executes more does not come to an end. */
  private static final long MAX_INSTRUCTIONS = 2_000_000_000L;

  /** A program that sleeps for longer than this waits for something that never comes. */
  private static final long SECONDS = 300;

  private static final ScheduledExecutorService WATCH =
      Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory());

  private static final long RAM_BYTES = 256L << 20;

  private static final List<String> ENVIRONMENT =
      List.of("PATH=/usr/bin:/usr/applets", "HOME=/work", "LANG=C", "TERM=dumb");

  /** The host's / for a moment: the program finds /proc and /dev, and /tmp is its own. */
  private static final String ON_HOST =
      """
      set -e
      cd "$1"; shift
      mount --rbind /proc proc
      mount --rbind /dev dev
      mount -t tmpfs -o mode=1777 tmp tmp
      exec setarch -R unshare --root=. --wd=/work /usr/applets/env -i "$@"
      """;

  private final Path root;
  private final Path work;

  private ConformanceRoot(Path root) {
    this.root = root;
    this.work = root.resolve("work");
  }

  /**
   * Makes the folder anew.
   *
   * @param programs 32-bit programs, by their paths below {@code /cases/bin}
   */
  static ConformanceRoot make(Map<String, Path> programs) throws IOException {
    Path i386 = Oracles.i386Root().toRealPath();
    Path busybox = Oracles.busybox();
    if (!Files.isExecutable(i386.resolve("usr/bin/bash-static"))) {
      Oracles.missing("32-bit programs beside busybox (scripts/get-i386 fetches them): " + i386);
    }
    Path root = Oracles.HOME.resolve("app/target/conformance");
    delete(root);
    link(i386, root);
    for (String folder : List.of("work", "tmp", "proc", "dev", "usr/applets", "cases/bin")) {
      Files.createDirectories(root.resolve(folder));
    }
    Files.setAttribute(root.resolve("tmp"), "unix:mode", 01777);
    Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/work:/bin/sh\n");
    Files.writeString(root.resolve("etc/group"), "root:x:0:\n");
    Ended applets = HostRun.plain(List.of(busybox.toString(), "--list"));
    for (String applet : applets.out().lines().toList()) {
      Files.createSymbolicLink(
          root.resolve("usr/applets").resolve(applet), Path.of("/usr/bin/busybox"));
    }
    link(CASES, root.resolve("cases"));
    for (Map.Entry<String, Path> program : programs.entrySet()) {
      Path place = root.resolve("cases/bin").resolve(program.getKey());
      Files.createDirectories(place.getParent());
      Files.copy(program.getValue(), place);
    }
    return new ConformanceRoot(root);
  }

  /** What a case did. */
  record Result(int status, String out, Map<String, String> files, String err) {}

  /** Runs a case on the host's kernel. */
  Result onHost(String name) throws IOException {
    empty();
    List<String> command =
        new ArrayList<>(
            List.of("unshare", "--map-root-user", "--mount", "sh", "-c", ON_HOST, "host"));
    command.add(root.toString());
    command.addAll(ENVIRONMENT);
    command.add("/cases/" + name);
    Ended ended = HostRun.run(command, Path.of("/dev/null"), Oracles.HOME);
    if (ended.err().contains("unshare: ") || ended.err().contains("mount: ")) {
      Oracles.missing("user namespaces with mounts: " + ended.err().strip());
    }
    return new Result(ended.status(), ended.out(), files(), ended.err());
  }

  /** Runs a case in a machine, and recounts the machine's memory behind it. */
  Result inMachine(String name) throws IOException {
    return inMachine(name, config -> {});
  }

  /** The same in a machine that is not as the others. */
  Result inMachine(String name, Consumer<MachineConfigBuilder> change) throws IOException {
    empty();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    MachineConfigBuilder builder =
        MachineConfig.builder()
            .ramBytes(RAM_BYTES)
            .root(root)
            .writable(work)
            .workingDirectory("/work")
            .standardOutput(Channels.newChannel(out))
            .standardError(Channels.newChannel(err));
    change.accept(builder);
    try (Machine machine = Machine.boot(builder.build())) {
      String path = "/cases/" + name;
      machine.exec(path, List.of(path), ENVIRONMENT);
      ScheduledFuture<?> patience = WATCH.schedule(machine::pause, SECONDS, TimeUnit.SECONDS);
      if (!machine.run(MAX_INSTRUCTIONS)) {
        throw new AssertionError(
            "no end in sight after %,d instructions; printed: %s; errors: %s"
                .formatted(machine.cpu().instructions(), out, err));
      }
      patience.cancel(false);
      if (machine.deathLine() != null) {
        err.writeBytes(("machine: " + machine.deathLine()).getBytes(StandardCharsets.UTF_8));
      }
      machine.audit();
      return new Result(
          machine.exitStatus(),
          out.toString(StandardCharsets.ISO_8859_1),
          files(),
          err.toString(StandardCharsets.ISO_8859_1));
    }
  }

  private void empty() throws IOException {
    delete(work);
    Files.createDirectory(work);
    Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** What is in the folder of the case: by path, the type, the permissions, and what is in it. */
  private Map<String, String> files() throws IOException {
    Map<String, String> found = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(work)) {
      for (Path path : (Iterable<Path>) paths.skip(1)::iterator) {
        String content;
        if (Files.isSymbolicLink(path)) {
          content = "link to " + Files.readSymbolicLink(path);
        } else {
          String mode =
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
          content = mode + " " + (Files.isDirectory(path) ? "folder" : content(path));
        }
        found.put(work.relativize(path).toString(), content);
      }
    }
    return found;
  }

  private static String content(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    String text = new String(bytes, 0, Math.min(bytes.length, 400), StandardCharsets.ISO_8859_1);
    return String.format(
        Locale.ROOT, "%d bytes, hash %08x: %s", bytes.length, Arrays.hashCode(bytes), text);
  }

  /** The same tree; files are links to the same, where that can be. */
  private static void link(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(folder).toString()));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Path place = to.resolve(from.relativize(file).toString());
            try {
              Files.createLink(place, file);
            } catch (IOException | UnsupportedOperationException e) {
              Files.copy(
                  file, place, LinkOption.NOFOLLOW_LINKS, StandardCopyOption.COPY_ATTRIBUTES);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(path);
      }
    }
  }
}
