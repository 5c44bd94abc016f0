namespace Nexus.MediaNode.Tests.Projection;

/// <summary>A model of a VP8 receiver that complains about everything a decoder could stumble over.</summary>
internal static class Vp8Continuity
{
    /// <param name="lossless">Nothing was lost before the projection: picture ids must leave no gap.</param>
    public static void Check(IReadOnlyList<SentPacket> sent, bool lossless)
    {
        Assert.NotEmpty(sent);
        Assert.True(sent[0].Info.IsKeyFrame && sent[0].IsFirst);
        var frames = sent.GroupBy(p => p.Timestamp).OrderBy(g => g.Key).Select(g => g.ToArray()).ToArray();
        for (var i = 0; i < frames.Length; i++)
        {
            var info = frames[i][0].Info;
            Assert.All(frames[i], p => Assert.Equal(
                (info.PictureId, info.Tl0PicIdx, info.TemporalId, p.Source.Encoding),
                (p.Info.PictureId, p.Info.Tl0PicIdx, p.Info.TemporalId, frames[i][0].Source.Encoding)));
            Assert.All(frames[i], p => Assert.Equal(15, p.Info.PictureIdBits));
            if (i > 0)
            {
                CheckStep(frames[i - 1][0], frames[i][0], frames[i].Any(p => p.Info.IsKeyFrame), lossless);
            }
        }
    }

    private static void CheckStep(SentPacket before, SentPacket after, bool isKey, bool lossless)
    {
        var step = (after.Info.PictureId - before.Info.PictureId) & 0x7FFF;
        Assert.InRange(step, 1, lossless ? 1 : 200);
        if (before.Source.Encoding != after.Source.Encoding)
        {
            Assert.True(isKey, "encodings switch at keyframes");
        }

        // A base layer frame advances TL0PICIDX, others share it.
        var tl0Step = (byte)(after.Info.Tl0PicIdx - before.Info.Tl0PicIdx);
        var keyIdxStep = (after.Info.KeyIdx - before.Info.KeyIdx) & 31;
        if (lossless)
        {
            Assert.Equal(after.Info.TemporalId == 0 ? 1 : 0, tl0Step);
            Assert.Equal(isKey ? 1 : 0, keyIdxStep);
        }
        else
        {
            Assert.InRange(tl0Step, 0, 100);
            Assert.InRange(keyIdxStep, 0, 3);
        }
    }
}
