package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/find-jdk.sh} finds a JDK 25 or later, whatever else there is. */
class FindJdkTest {
  @TempDir private Path folder = Path.of("");

  /** A folder that looks like a JDK or JRE of a version. */
  private Path java(String name, String version, boolean compiler) throws IOException {
    Path home = folder.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(
        home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\nOS=\"x\"\n");
    for (String command : compiler ? List.of("java", "javac") : List.of("java")) {
      Path file = Files.writeString(home.resolve("bin").resolve(command), "#!/bin/sh\n");
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    return home;
  }

  private String found(String javaHome, String path) throws IOException {
    Ended ended =
        HostRun.plain(
            List.of(
                "/usr/bin/env",
                "-i",
                "HOME=" + folder,
                "JAVA_HOME=" + javaHome,
                "PATH=" + path + ":/usr/bin:/bin",
                "/bin/sh",
                "-uc",
                """
                . scripts/find-jdk.sh
                JDK_FOLDERS='%s'
                if find_jdk; then echo "$JDK"; else echo none; fi\
                """
                    .formatted(folder.resolve("usual"))));
    assertEquals("", ended.err());
    return ended.out().strip();
  }

  @Test
  void javaHomeComesFirst() throws IOException {
    Path home = java("home", "25.0.3", true);
    Path other = java("other", "26", true);
    assertEquals(home.toString(), found(home.toString(), other.resolve("bin").toString()));
  }

  @Test
  void anOldJavaHomeAndAnOldDefaultArePassedOver() throws IOException {
    Path old = java("old", "17.0.15", true);
    java("usual/jdk-21", "21.0.2", true);
    java("usual/jre-25", "25.0.1", false);
    Path usual = java("usual/jdk-25", "25-ea", true);
    assertEquals(usual.toString(), found(old.toString(), old.resolve("bin").toString()));
  }

  @Test
  void theJavaOnPathIsFollowedThroughLinks() throws IOException {
    Path jdk = java("real/jdk", "27.1", true);
    Path bin = Files.createDirectories(folder.resolve("bin"));
    Path alternatives =
        Files.createSymbolicLink(folder.resolve("alternative"), jdk.resolve("bin/java"));
    Files.createSymbolicLink(bin.resolve("java"), bin.relativize(alternatives));
    assertEquals(jdk.toString(), found("", bin.toString()));
  }

  @Test
  void macsKeepTheirsADeeperFolder() throws IOException {
    Path jdk = java("usual/temurin-25.jdk/Contents/Home", "25", true);
    assertEquals(jdk.toString(), found("/nonexistent", "/nonexistent"));
  }

  @Test
  void whereThereIsNoneItSaysSo() throws IOException {
    java("usual/jdk-24", "24", true);
    // The host's own java is on PATH through /usr/bin, and is none or too old only on some.
    Path tools = Files.createDirectories(folder.resolve("tools"));
    for (String tool : List.of("readlink")) {
      Files.createSymbolicLink(tools.resolve(tool), Path.of("/usr/bin", tool));
    }
    Ended ended =
        HostRun.plain(
            List.of(
                "/usr/bin/env",
                "-i",
                "HOME=" + folder,
                "PATH=" + tools,
                "/bin/sh",
                "-uc",
                ". scripts/find-jdk.sh; JDK_FOLDERS='"
                    + folder.resolve("usual")
                    + "'; find_jdk || echo \"none: $NO_JDK\""));
    assertEquals("", ended.err());
    assertEquals(
        "none: needs a JDK 25 or later and found none in JAVA_HOME, in PATH or in the usual folders;"
            + " get one from your distribution (openjdk-25-jdk) or from https://adoptium.net, or set"
            + " JAVA_HOME",
        ended.out().strip());
  }
}
