package org.memarium.app;

import org.memarium.mm.space.RLimits;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * One {@code --limit NAME=VALUE}: {@code as=64M}, {@code stack=1M:unlimited}, {@code
 * data=unlimited}. One value is both, the soft and the hard limit, as with {@code prlimit}.
 *
 * @param resource its number in {@link RLimits}
 * @param soft bytes or a count, unsigned
 * @param hard bytes or a count, unsigned
 */
record LimitOption(int resource, long soft, long hard) {
  static LimitOption parse(String text) {
    int equals = text.indexOf('=');
    if (equals < 0) {
      throw new TypeConversionException(
          "'%s' has no value; limits look like as=64M or stack=1M:unlimited".formatted(text));
    }
    String name = text.substring(0, equals);
    int resource = RLimits.numberOf(name);
    if (resource < 0) {
      throw new TypeConversionException(
          "there is no limit '%s'; there are %s"
              .formatted(name, String.join(", ", RLimits.names().stream().sorted().toList())));
    }
    String value = text.substring(equals + 1);
    int colon = value.indexOf(':');
    long soft = value(colon < 0 ? value : value.substring(0, colon));
    long hard = colon < 0 ? soft : value(value.substring(colon + 1));
    if (Long.compareUnsigned(soft, hard) > 0) {
      throw new TypeConversionException(
          "the soft limit of '%s' is above its hard limit".formatted(text));
    }
    return new LimitOption(resource, soft, hard);
  }

  private static long value(String text) {
    if (text.equals("unlimited")) {
      return RLimits.INFINITY;
    }
    try {
      return Size.parse(text);
    } catch (IllegalArgumentException wrong) {
      throw new TypeConversionException(wrong.getMessage() + ", or unlimited");
    }
  }

  /** For picocli. */
  static final class Converter implements ITypeConverter<LimitOption> {
    @Override
    public LimitOption convert(String text) {
      return parse(text);
    }
  }
}
