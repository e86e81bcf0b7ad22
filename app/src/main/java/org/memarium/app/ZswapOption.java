package org.memarium.app;

import org.memarium.mm.swap.ZswapParameters;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code --zswap enabled=Y,max_pool_percent=30}. */
final class ZswapOption implements ITypeConverter<ZswapParameters> {
  @Override
  public ZswapParameters convert(String text) {
    ZswapParameters parameters = ZswapParameters.DEFAULT;
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      if (equals < 0) {
        throw new TypeConversionException("'%s' is no PARAMETER=VALUE".formatted(part));
      }
      try {
        parameters = with(parameters, part.substring(0, equals), part.substring(equals + 1));
      } catch (IllegalArgumentException wrong) {
        throw new TypeConversionException(wrong.getMessage());
      }
    }
    return parameters;
  }

  private static ZswapParameters with(ZswapParameters parameters, String name, String value) {
    if (!name.equals("enabled")) {
      return parameters.with(name, value);
    }
    if (!value.equals("Y") && !value.equals("1")) {
      throw new IllegalArgumentException(
          "--zswap turns it on: enabled=Y, not '%s'".formatted(value));
    }
    return parameters;
  }
}
