"""What TensorBoard shows of a training besides its curves, one module per plugin.

write       the callback that has all of them written, by one process of a training only
summary     TEXT and HPARAMS: versions, data, schema and settings
pr_curves   PR CURVES: precision and recall on rows that were held out, epoch by epoch
histograms  HISTOGRAMS and DISTRIBUTIONS: the weights, epoch by epoch
projector   PROJECTOR: the embeddings of Transform's vocabularies, with the words as names
pictures    IMAGES: where the model looks in the past of a few rows
trace       PROFILE: some steps traced; `profile` reads from the trace what the steps spent their time on

The graph is Keras's own callback's, see `kit.training.loop`.
"""
