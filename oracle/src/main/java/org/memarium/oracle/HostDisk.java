package org.memarium.oracle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.memarium.hardware.Ram;
import org.memarium.mm.file.BackingDev;

/** What the host says of the disk that a folder is on: how much of a file it reads ahead. */
final class HostDisk {
  private static final int KIB_OF_PAGE = Ram.PAGE_SIZE >> 10;

  private HostDisk() {}

  /** The disk of a folder; what Linux takes if nothing is said, where the host does not say it. */
  static BackingDev of(Path folder) {
    try {
      long number = (Long) Files.getAttribute(folder, "unix:dev");
      // new_encode_dev: 12 bits of major, 20 of minor, in three parts.
      long major = (number >>> 8) & 0xfff;
      long minor = (number & 0xff) | ((number >>> 12) & 0xfff00);
      Path device = Path.of("/sys/dev/block/%d:%d".formatted(major, minor));
      BackingDev standard = BackingDev.DEFAULT;
      return new BackingDev(
          pages(device, "bdi/read_ahead_kb", standard.readaheadPages()),
          pages(device, "queue/max_sectors_kb", standard.requestPages()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A size of a device; that of the disk, where the device is a part of it. */
  private static int pages(Path device, String name, int otherwise) throws IOException {
    for (Path place : new Path[] {device, device.resolve("..")}) {
      Path file = place.resolve(name);
      if (Files.exists(file)) {
        return Integer.parseInt(Files.readString(file).strip()) / KIB_OF_PAGE;
      }
    }
    return otherwise;
  }
}
