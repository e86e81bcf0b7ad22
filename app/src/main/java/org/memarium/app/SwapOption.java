package org.memarium.app;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.SwapArea;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code --swap 256M,5,ssd} and {@code --swap-file FILE,5,ssd}. */
final class SwapOption {
  private static final String SSD = "ssd";

  private SwapOption() {}

  /** What stands behind the first comma: a priority, or {@code ssd}, or both. */
  private static SwapArea area(long bytes, @Nullable Path file, String[] parts) {
    int priority = -1;
    boolean seeks = true;
    for (int i = 1; i < parts.length; i++) {
      if (parts[i].equals(SSD)) {
        seeks = false;
      } else if (parts[i].matches("\\d{1,5}")
          && Integer.parseInt(parts[i]) <= SwapArea.MAX_PRIORITY) {
        priority = Integer.parseInt(parts[i]);
      } else {
        throw new TypeConversionException(
            "'%s' is neither a priority, 0 to %d, nor ssd"
                .formatted(parts[i], SwapArea.MAX_PRIORITY));
      }
    }
    return new SwapArea(bytes, file, priority, seeks);
  }

  static final class OfSize implements ITypeConverter<SwapArea> {
    @Override
    public SwapArea convert(String text) {
      String[] parts = text.split(",", -1);
      try {
        return area(Size.parse(parts[0]), null, parts);
      } catch (IllegalArgumentException wrong) {
        throw new TypeConversionException(wrong.getMessage());
      }
    }
  }

  static final class OfFile implements ITypeConverter<SwapArea> {
    @Override
    public SwapArea convert(String text) {
      String[] parts = text.split(",", -1);
      return area(0, Path.of(parts[0]).toAbsolutePath(), parts);
    }
  }
}
