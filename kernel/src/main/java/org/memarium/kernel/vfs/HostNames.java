package org.memarium.kernel.vfs;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Names between this package and {@code java.nio}.
 *
 * <p>Here a name is a string whose chars are bytes. A {@link Path} made from a string goes through
 * the encoding of the JVM's locale, which may know only ASCII; but a {@code file:} URI carries the
 * bytes themselves, so names beyond ASCII take that way and every name of the host can be reached.
 */
public final class HostNames {

  private static final Path SLASH = Path.of("/");

  private HostNames() {}

  /** Bytes, such as those of a path in user memory, as a name. */
  public static String fromBytes(byte[] bytes, int offset, int length) {
    return new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
  }

  /** A name as bytes. */
  public static byte[] toBytes(String name) {
    return name.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Text of Java, such as an argument of the command line, as a name: its bytes in UTF-8. */
  public static String fromText(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  /** A name as text for people: its bytes read as UTF-8. */
  public static String toText(String name) {
    return new String(toBytes(name), StandardCharsets.UTF_8);
  }

  /** The child of a folder of the host; the name is one component and neither . nor .. */
  static Path child(Path folder, String name) {
    return isAscii(name) ? folder.resolve(name) : folder.resolve(relative(name));
  }

  /** The target of a symbolic link, as createSymbolicLink wants it. */
  static Path linkTarget(String target) {
    Path path = target.startsWith("/") ? SLASH : Path.of("");
    for (String component : target.split("/", -1)) {
      path = child(path, component);
    }
    return path;
  }

  /** One component, by its bytes. */
  private static Path relative(String name) {
    StringBuilder uri = new StringBuilder("file:///");
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
        uri.append(c);
      } else {
        uri.append('%').append(Character.forDigit(c >> 4 & 15, 16));
        uri.append(Character.forDigit(c & 15, 16));
      }
    }
    return SLASH.relativize(Path.of(URI.create(uri.toString())));
  }

  /** A path of the host as a name; as it stands, nothing is resolved. */
  static String fromPath(Path path) {
    String text = path.toString();
    if (isAscii(text)) {
      return text;
    }
    String raw = SLASH.resolve(path).toUri().getRawPath();
    StringBuilder name = new StringBuilder(raw.length());
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c == '%') {
        name.append((char) Integer.parseInt(raw.substring(i + 1, i + 3), 16));
        i += 2;
      } else {
        name.append(c);
      }
    }
    // A URI of a folder ends with a slash that the path does not have.
    if (!text.endsWith("/") && name.charAt(name.length() - 1) == '/') {
      name.setLength(name.length() - 1);
    }
    return path.isAbsolute() ? name.toString() : name.substring(1);
  }

  private static boolean isAscii(String name) {
    for (int i = 0; i < name.length(); i++) {
      if (name.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }
}
