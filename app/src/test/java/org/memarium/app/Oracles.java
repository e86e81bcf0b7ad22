package org.memarium.app;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * What the tests ask the host for: 32-bit programs, a 32-bit C compiler, a kernel that runs them.
 *
 * <p>A test whose oracle is missing is skipped, and says what is missing; with {@code
 * MEMARIUM_ORACLES=required}, as in CI, it fails.
 */
final class Oracles {
  /** The root of the repository. */
  static final Path HOME = home();

  private static final Path BUILT = HOME.resolve("app/target/test-programs");

  private Oracles() {}

  /** Folder of unpacked 32-bit packages. */
  static Path i386Root() {
    String folder = System.getenv("MEMARIUM_I386_ROOT");
    return folder == null ? HOME.resolve("target/i386") : Path.of(folder).toAbsolutePath();
  }

  /** Debian's static 32-bit busybox. */
  static Path busybox() {
    Path busybox = i386Root().resolve("bin/busybox");
    if (!Files.isExecutable(busybox)) {
      missing("a 32-bit busybox (scripts/get-i386 fetches it): " + busybox);
    }
    try {
      // bin is a link, and /proc tells where it leads.
      return busybox.toRealPath();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A program of {@code src/test/c}, linked with glibc: static, at fixed addresses. */
  static Path staticProgram(String name) throws IOException {
    return build(name, "static", List.of("gcc", "-m32", "-static", "-no-pie"), List.of());
  }

  /** The same, position-independent. */
  static Path staticPie(String name) throws IOException {
    return build(name, "static-pie", List.of("gcc", "-m32", "-static-pie", "-fPIE"), List.of());
  }

  /** The same, with the C library in files of its own, which ld.so maps. */
  static Path dynamicProgram(String name) throws IOException {
    return build(name, "dynamic", List.of("gcc", "-m32", "-pie", "-fPIE"), List.of());
  }

  /** The same as the first, with musl in place of glibc. */
  static Path muslProgram(String name) throws IOException {
    Path include = i386Root().resolve("usr/include/i386-linux-musl");
    Path lib = i386Root().resolve("usr/lib/i386-linux-musl");
    if (!Files.isDirectory(include) || !Files.exists(lib.resolve("libc.a"))) {
      missing("musl for i386 (scripts/get-i386 fetches it): " + lib);
    }
    List<String> compiler =
        List.of(
            "gcc",
            "-m32",
            "-static",
            "-no-pie",
            "-nostdinc",
            "-nostdlib",
            "-fno-stack-protector",
            "-isystem",
            include.toString(),
            lib.resolve("crt1.o").toString(),
            lib.resolve("crti.o").toString());
    List<String> libraries =
        List.of(
            "-Wl,--start-group",
            lib.resolve("libc.a").toString(),
            "-lgcc",
            "-lgcc_eh",
            "-Wl,--end-group",
            lib.resolve("crtn.o").toString());
    return build(name, "musl", compiler, libraries);
  }

  /** Programs of this module, and those of the kernel's own tests. */
  private static Path source(String name) {
    Path own = HOME.resolve("app/src/test/c/" + name + ".c");
    Path kernels = HOME.resolve("kernel/src/test/resources/org/memarium/kernel/" + name + ".c");
    return Files.exists(own) ? own : kernels;
  }

  private static Path build(String name, String kind, List<String> compiler, List<String> libraries)
      throws IOException {
    Path source = source(name);
    Path program = BUILT.resolve(kind).resolve(name);
    if (Files.exists(program)
        && Files.getLastModifiedTime(program).compareTo(Files.getLastModifiedTime(source)) > 0) {
      return program;
    }
    Files.createDirectories(program.getParent());
    Path aside = Files.createTempFile(program.getParent(), name, ".part");
    List<String> command = new ArrayList<>(compiler);
    command.addAll(
        List.of("-O1", "-Wall", "-Wextra", "-Werror", "-Wno-infinite-recursion", "-Wno-unused"));
    command.addAll(List.of("-o", aside.toString(), source.toString()));
    command.addAll(libraries.isEmpty() ? List.of("-lm") : libraries);
    Ended compiled = HostRun.plain(command);
    if (compiled.status() != 0) {
      Files.deleteIfExists(aside);
      missing(
          "a 32-bit C compiler (gcc-multilib): " + compiled.err().lines().findFirst().orElse(""));
    }
    return Files.move(
        aside, program, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Skips the test, or fails it where nothing may be missing. */
  static void missing(String what) {
    if ("required".equals(System.getenv("MEMARIUM_ORACLES"))) {
      fail("missing although MEMARIUM_ORACLES=required: " + what);
    }
    abort("missing: " + what);
  }

  private static Path home() {
    Path folder = Path.of("").toAbsolutePath();
    while (folder != null && !Files.exists(folder.resolve("memarium"))) {
      folder = folder.getParent();
    }
    if (folder == null) {
      throw new IllegalStateException("the tests run outside of the repository");
    }
    return folder;
  }
}
