package org.memarium.bench;

import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleBiFunction;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler;
import org.memarium.bench.MallocReplays.Recorded;

/** Draws what {@link MallocReplays} measured: speed, resident memory, fragmentation. */
final class MallocChart {
  private static final int WIDTH = 600;
  private static final int HEIGHT = 380;
  private static final int LEGEND_POINTS = 10;

  /** Borders of the logarithmic axis, which has no place for 0. */
  private static final double LEAST_NANOS = 10;

  private static final double MOST_NANOS = 100_000;

  /** Of the allocators in their order: colours that can be told apart without seeing red. */
  private static final Color[] COLOURS = {
    new Color(0xe69f00),
    new Color(0x56b4e9),
    new Color(0x009e73),
    new Color(0x0072b2),
    new Color(0x999999)
  };

  private MallocChart() {}

  /** Writes the chart as a PNG file. */
  static void write(List<Recorded> all, Path file) throws IOException {
    CategoryChart speed =
        chart(all, "nanoseconds of an operation", (recorded, trial) -> trial.nanos());
    speed.getStyler().setYAxisLogarithmic(true);
    speed.getStyler().setYAxisMin(LEAST_NANOS);
    speed.getStyler().setYAxisMax(MOST_NANOS);
    CategoryChart resident =
        chart(
            all,
            "peak RSS / most bytes asked for at once",
            (recorded, trial) -> (double) trial.peakResidentBytes() / recorded.trace().peakBytes());
    CategoryChart fragmentation =
        chart(
            all,
            "fragmentation at the peak, %",
            (recorded, trial) -> 100 * trial.fragmentation(recorded.trace().peakBytes()));
    List<CategoryChart> charts = List.of(speed, resident, fragmentation);
    ByteArrayOutputStream image = new ByteArrayOutputStream();
    BitmapEncoder.saveBitmap(charts, 1, charts.size(), image, BitmapEncoder.BitmapFormat.PNG);
    Files.write(file, image.toByteArray());
  }

  private static CategoryChart chart(
      List<Recorded> all, String title, ToDoubleBiFunction<Recorded, MallocTrial> value) {
    CategoryChart chart =
        new CategoryChartBuilder().width(WIDTH).height(HEIGHT).title(title).build();
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
    chart.getStyler().setLegendLayout(Styler.LegendLayout.Horizontal);
    chart.getStyler().setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, LEGEND_POINTS));
    chart.getStyler().setSeriesColors(COLOURS);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setPlotGridVerticalLinesVisible(false);
    List<String> names = all.stream().map(recorded -> recorded.program().name()).toList();
    for (int i = 0; i < all.getFirst().trials().size(); i++) {
      List<Double> values = new ArrayList<>();
      for (Recorded recorded : all) {
        values.add(value.applyAsDouble(recorded, recorded.trials().get(i)));
      }
      chart.addSeries(all.getFirst().trials().get(i).allocator(), names, values);
    }
    return chart;
  }
}
