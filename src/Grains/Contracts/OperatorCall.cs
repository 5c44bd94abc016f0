namespace Nexus.Contracts;

/// <summary>Marks a grain method that only an operator's call may reach.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OperatorOnlyAttribute : Attribute;

/// <summary>Says on whose word a grain is called. Travels with the call, and with those that it makes.</summary>
public static class OperatorCall
{
    private const string Key = "nexus.operator";

    /// <summary>Whether the call under way is an operator's.</summary>
    public static bool IsUnderWay => RequestContext.Get(Key) is string;

    /// <summary>Calls on the word of an operator, whose token was checked.</summary>
    /// <param name="identity">Who it is, for logs.</param>
    public static async Task<T> By<T>(string identity, Func<Task<T>> call)
    {
        RequestContext.Set(Key, identity);
        try
        {
            return await call();
        }
        finally
        {
            RequestContext.Remove(Key);
        }
    }
}
