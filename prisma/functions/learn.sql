-- Adds what a successful run has measured to the history of its key, which keeps the last hundred, and computes the
-- percentiles again. `duration` is in milliseconds, or for a key of paces in milliseconds for each predicted second; `ratio` is the measured peak of memory over the predicted one, or null.
CREATE OR REPLACE FUNCTION "learn"("history_key" TEXT, "duration" DOUBLE PRECISION, "ratio" DOUBLE PRECISION) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO run_history AS h (key, durations, memory_ratios, earliest, likely, latest)
  VALUES (history_key, ARRAY[duration], array_remove(ARRAY[ratio], NULL), duration, duration, duration)
  ON CONFLICT (key) DO UPDATE SET
    durations = (h.durations || excluded.durations)[greatest(1, cardinality(h.durations) - 98):],
    memory_ratios = (h.memory_ratios || excluded.memory_ratios)[greatest(1, cardinality(h.memory_ratios) - 98):];
  UPDATE run_history h SET
    (earliest, likely, latest) = (
      SELECT percentile_cont(0.1) WITHIN GROUP (ORDER BY d), percentile_cont(0.5) WITHIN GROUP (ORDER BY d),
        percentile_cont(0.9) WITHIN GROUP (ORDER BY d) FROM unnest(h.durations) d),
    memory_ratio = (SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY m) FROM unnest(h.memory_ratios) m)
  WHERE h.key = history_key;
END $$;
