using System.Linq.Expressions;
using System.Reflection;
using Nexus.Embedded.Copying;
using Orleans;
using Orleans.Concurrency;

namespace Nexus.Embedded.Calls;

/// <summary>One method of a grain interface: how arguments are copied and how it is called. Compiled on first use.</summary>
internal sealed class GrainMethod
{
    private readonly Lazy<Func<object, object?[], Task>> _invoke;
    private readonly Lazy<Copier?[]> _argumentCopiers;

    public GrainMethod(GrainInterface owner, MethodInfo method)
    {
        Owner = owner;
        Method = method;
        IsOneWay = method.IsDefined(typeof(OneWayAttribute)) || method.ReturnType == typeof(void);
        AlwaysInterleaves = method.IsDefined(typeof(AlwaysInterleaveAttribute));
        ResponseTimeout = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;
        _invoke = new(() => CompileInvoker(method));
        _argumentCopiers = new(() => [.. method.GetParameters().Select(CopierOf)]);
    }

    public GrainInterface Owner { get; }

    public MethodInfo Method { get; }

    public bool IsOneWay { get; }

    /// <summary>Whether an observer runs it beside its other notifications.</summary>
    public bool AlwaysInterleaves { get; }

    /// <summary>The method's own limit, where it differs from the silo's.</summary>
    public TimeSpan? ResponseTimeout { get; }

    /// <summary>Calls the method on a grain; whatever it returns comes as a task.</summary>
    public Task Invoke(object target, object?[] arguments) => _invoke.Value(target, arguments);

    /// <summary>Replaces arguments by their copies, in place.</summary>
    /// <exception cref="Orleans.Serialization.CodecNotFoundException">A type may not cross.</exception>
    public void CopyArguments(object?[] arguments)
    {
        var copiers = _argumentCopiers.Value;
        CopyContext? context = null;
        try
        {
            for (var i = 0; i < arguments.Length; i++)
            {
                if (copiers[i] is { } copier)
                {
                    context ??= CopyContext.Rent();
                    arguments[i] = copier.CopyBoxed(arguments[i], context);
                }
            }
        }
        finally
        {
            context?.Return();
        }
    }

    public override string ToString() => $"{Owner.Type.Name}.{Method.Name}";

    private static Copier? CopierOf(ParameterInfo parameter)
    {
        if (parameter.IsDefined(typeof(ImmutableAttribute)) || CopierFactory.IsShallow(parameter.ParameterType))
        {
            return null;
        }

        var copier = Copier.For(parameter.ParameterType);
        return copier.IsShallow ? null : copier;
    }

    private static Func<object, object?[], Task> CompileInvoker(MethodInfo method)
    {
        var target = Expression.Parameter(typeof(object));
        var arguments = Expression.Parameter(typeof(object?[]));
        Expression call = Expression.Call(
            Expression.Convert(target, method.DeclaringType!),
            method,
            method.GetParameters().Select((parameter, i) =>
                Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(i)), parameter.ParameterType)));
        if (method.ReturnType == typeof(void))
        {
            call = Expression.Block(call, Expression.Constant(Task.CompletedTask));
        }
        else if (method.ReturnType.IsValueType)
        {
            call = Expression.Call(call, method.ReturnType.GetMethod(nameof(ValueTask.AsTask))!);
        }

        return Expression.Lambda<Func<object, object?[], Task>>(Expression.Convert(call, typeof(Task)), target, arguments).Compile();
    }
}
